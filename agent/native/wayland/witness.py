"""Whether the badge is on a Wayland screen: by the compositor's word to the indicator, who passes it on.

No client may read the screen here without asking, so the daemon cannot look for itself as on X11. The indicator draws
the daemon's nonce into the top layer and claims the badge only while the compositor goes on telling it that it has
drawn this very picture (``wl_surface.frame``). What this does not stop stands in docs/threat-model.md.
"""

from agent.core.sign import Claim


class DrawnWitness:
    """A :class:`agent.native.base.SignWitness` that has no eyes of its own."""

    def sees(self, claim: Claim) -> bool:
        """Whether the claimed badge was drawn with the nonce that was asked for."""
        return claim.drawn == claim.nonce

    def lost(self) -> bool:
        """There is nothing to lose."""
        return False

    def close(self) -> None:
        """There is nothing to leave."""
