"""How the ceremony's window looks: calm, roomy, and in the colours that the person's desktop has (light or dark)."""

GAP_PX = 18
"""Between parts of the window."""
SMALL_GAP_PX = 8
"""Within a part."""
BODY_PT = 10.5
"""Size of running text, points."""

SHEET = """
QDialog { background: palette(window); }
QLabel#question { font-size: 17pt; font-weight: 600; }
QLabel#partTitle { font-size: 12.5pt; font-weight: 600; }
QLabel#appName { font-weight: 600; }
QLabel, QCheckBox, QRadioButton, QPushButton, QTextEdit { font-size: 10.5pt; }
QTextEdit, QFrame#card, QFrame#timing { background: palette(base); border: 1px solid palette(mid); border-radius: 8px; }
QTextEdit:focus { border: 2px solid palette(highlight); }
QScrollArea, QWidget#cards { background: transparent; border: none; }
QCheckBox, QRadioButton { spacing: 8px; padding: 4px 6px; border: 2px solid transparent; border-radius: 6px; }
QCheckBox:focus, QRadioButton:focus { border: 2px solid palette(highlight); }
QCheckBox::indicator:unchecked:enabled, QRadioButton::indicator:unchecked:enabled {
  width: 14px; height: 14px; border: 1px solid palette(text); background: palette(base); border-radius: 3px;
}
QRadioButton::indicator:unchecked:enabled { border-radius: 8px; }
QPushButton {
  padding: 10px 16px; border-radius: 8px; border: 1px solid palette(dark); background: palette(button);
  font-weight: 600;
}
QPushButton#language { padding: 4px 10px; font-weight: 400; }
QPushButton:hover { background: palette(midlight); }
QPushButton:focus { border: 2px solid palette(highlight); padding: 9px 15px; }
QPushButton:disabled { border: 1px dashed palette(mid); }
"""
