"""What must not leave: finds personal data and secrets in text, and text in pixels, and takes them out.

Pure: rules come in as text, the key for ordinals comes in as bytes, pictures as arrays. Nothing here
keeps, logs or prints what it reads; a detector that fails stops the whole segment.
"""
