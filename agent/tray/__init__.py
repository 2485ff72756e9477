"""The switch: an icon that is seen, a menu in words, and the lease that lets the daemon capture while it is seen."""
