"""Steps in the words of computer-use models. What a target cannot say is never made up: it is left out and counted.

Coordinates are physical pixels of the window's client area, which is what the step's pictures show.
"""

from collections.abc import Callable, Mapping

from research.adapters import anthropic, openai, pyautogui, uitars
from research.adapters.parts import Adapted, Size, Step

Adapter = Callable[[Step, Size], Adapted]

ADAPTERS: Mapping[str, Adapter] = {
    "anthropic": anthropic.adapt,
    "openai": openai.adapt,
    "pyautogui": pyautogui.adapt,
    "agentnet": pyautogui.adapt_agentnet,
    "ui-tars": uitars.adapt,
}
"""Name of a target → from a step and the size of its picture to what that target would have done."""

__all__ = ["ADAPTERS", "Adapted", "Adapter", "Size", "Step"]
