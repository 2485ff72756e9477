"""What is planted in pictures: lines that are nobody's business, and private ones, made from a seed at run time."""

import random
import string

DULL = (
    "File", "Edit", "View", "Insert", "Format", "Tools", "Window", "Help", "Settings", "Cancel", "Save changes",
    "Open file", "Save as", "Print preview", "Undo", "Redo", "Select all", "Find and replace", "Show line numbers",
    "New folder", "Recent documents", "Close window", "Check for updates", "Keyboard shortcuts", "About this program",
    "Sign out", "Back to top", "Next page", "Previous page", "Show more", "Loading", "No results found",
    "Sort by date", "Filter by status", "Add a comment", "Reply to all", "Mark as read", "Move to trash",
    "Your changes were saved", "The file could not be opened", "Do you want to save the changes?",
    "This page is not available", "You are offline", "Try again later", "There was a problem with your request",
    "Click here to learn more", "All rights reserved", "Terms of service", "Privacy policy", "Enable notifications",
    "Choose a language", "Drag and drop files here", "The document was last saved a moment ago",
    "Unable to connect to the server", "Please wait while the page is loading", "Text alignment", "Line spacing",
    "Page layout", "Insert table", "Delete row", "Font size", "Bold", "Italic", "Zoom in", "Zoom out", "Full screen",
    "Toggle sidebar", "Run without debugging", "Go to definition", "Rename symbol", "Problems", "Output", "Terminal",
    "Create a new project to get started", "Nothing to show yet", "This field is required",
    "Use the search box above to find what you need", "Select an item from the list to see its details",
    "The result is computed from the values in the table", "Open the menu and choose the option that you want",
)  # fmt: skip
"""Lines of menus, buttons, messages and help."""
FIRST = ("Ann", "Grant", "Will", "Rose", "Mark", "Grace", "Bill", "Hope", "Priya", "Jürgen", "May", "Chase", "Olga",
         "Dmitri", "Wei", "Fatima", "Sean", "Joy", "Art", "Jack")  # fmt: skip
LAST = ("Lee", "Baker", "Young", "Brown", "Page", "Hill", "Price", "Field", "Okafor", "Müller", "Park", "Stone",
        "Read", "Short", "Cook", "Singh", "Nowak", "Day", "Black", "Walker")  # fmt: skip
STREETS = ("Park Avenue", "Church Street", "High Street", "Green Lane", "Station Road", "Mill Hill", "Main Street")
LETTERS = string.ascii_letters + string.digits


def private(rng: random.Random) -> str:
    """A line with something private in it, alone, after its name, or in a sentence of dull words."""
    value = rng.choice(_VALUES)(rng)
    form = rng.choice(("{}", "{}", "Name: {}", "Sent to {} yesterday", "{} is not available", "Open {}", "from {}"))
    return form.format(value)


def _digits(rng: random.Random, count: int) -> str:
    return "".join(rng.choice(string.digits) for _ in range(count))


def _name(rng: random.Random) -> str:
    return f"{rng.choice(FIRST)} {rng.choice(LAST)}"


def _mail(rng: random.Random) -> str:
    return f"{rng.choice(FIRST)}.{rng.choice(LAST)}@example.{rng.choice(('org', 'com', 'net'))}".lower()


def _phone(rng: random.Random) -> str:
    return rng.choice((f"+44 20 7946 {_digits(rng, 4)}", f"(555) 010-{_digits(rng, 4)}", f"030 {_digits(rng, 7)}"))


def _card(rng: random.Random) -> str:
    return " ".join(_digits(rng, 4) for _ in range(4))


def _token(rng: random.Random) -> str:
    return "".join(rng.choice(LETTERS) for _ in range(rng.choice((8, 12, 20, 32))))


def _address(rng: random.Random) -> str:
    return f"{rng.randint(1, 199)} {rng.choice(STREETS)}"


def _amount(rng: random.Random) -> str:
    return f"{rng.choice('$€£')}{rng.randint(1, 99)},{_digits(rng, 3)}.{_digits(rng, 2)}"


def _code(rng: random.Random) -> str:
    return _digits(rng, rng.choice((4, 6, 8)))


def _birthday(rng: random.Random) -> str:
    return f"{rng.randint(1, 28)}.{rng.randint(1, 12)}.{rng.randint(1940, 2005)}"


def _phrase(rng: random.Random) -> str:
    words = ("correct", "horse", "battery", "staple", "window", "orbit", "velvet", "copper", "tiger", "lemon", "canal")
    return rng.choice((" ", "-")).join(rng.sample(words, 4))


def _only_first(rng: random.Random) -> str:
    return rng.choice(FIRST)


def _street(rng: random.Random) -> str:
    return rng.choice(STREETS)


_VALUES = (_name, _name, _mail, _phone, _card, _token, _address, _amount, _code, _birthday, _phrase, _only_first,
           _street)  # fmt: skip
