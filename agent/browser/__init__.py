"""Web apps: the browser extension as data, the program that it talks to, and what installs both."""
