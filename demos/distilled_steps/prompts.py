"""Prompts that know how strictly they will be followed, and prompts that leave one drawing to be meant."""

from __future__ import annotations

from demos.base.emoji.captions import LANGUAGES
from demos.base.emoji.pictures import STYLED, Prompts
from demos.base.emoji.table import STYLES

# How often a caption of the style that is drawn without saying so has no word for it.
_UNSAID = 1 - min(STYLED.values())


class ToldPrompts(Prompts):
    """Writes a prompt for a drawn picture and a guidance scale.

    What guidance at scale w aims at, p(x) (p(x | c) / p(x))^w up to a factor (Ho and Salimans, arXiv:2207.12598,
    section 3.1), is known of drawings: of those a caption without a word for the style may mean, each comes with the
    share STYLE_SHARES (1 - STYLED)^w. The larger w is, the rarer is a drawing of another style left without its word.

    scale: w of the next prompt.
    """

    scale = 1.0

    def styled(self, style: str) -> float:
        """As STYLED at a scale of 1; for the first style the same at every scale."""
        return 1 - _UNSAID * ((1 - STYLED[style]) / _UNSAID) ** self.scale

    def told(self, rows: tuple[int, ...], style: str, colour: int, scale: float) -> str:
        """A caption as `write` makes it, for a network that is told this scale."""
        self.scale = scale
        return self.write(rows, style, colour)

    def exact(self, rows: tuple[int, ...], style: str, colour: int) -> str:
        """The name as it stands in the table, with words for the colour and for any style but the first."""
        captioner, language = self.captioner, self.rng.choice(LANGUAGES)
        if len(rows) == 2:
            text = captioner.scene(rows, (1, 1), language, shuffle=False)
        else:
            language = language if captioner.rows[rows[0]].name_zh else "en"
            text = captioner.name(rows[0], language)
            text = text if colour < 0 else self.coloured(text, colour, language)
        if style == STYLES[0]:
            return text
        return self.rng.choice(captioner.words[language]["styles"][style]).replace("{}", text)
