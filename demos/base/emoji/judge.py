"""The judge of generated pictures: a CLIP twin that never saw Twemoji and lent no weight to the generators.

Their text encoder is the shipped CLIP's, whose own opinion of the pictures would be biased. The recipe of
`clip_zero_shot` trains the twin.
"""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from demos.base.clip.templates import read_templates
from demos.base.emoji.table import EmojiRow

BATCH = 256


class Judge:
    """An open_clip folder that looks at pictures and reads names."""

    def __init__(self, folder: Path):
        import open_clip

        self.model, _, _ = open_clip.create_model_and_transforms(f"local-dir:{folder}", require_pretrained=True)
        self.model.eval()
        self._tokenize = open_clip.get_tokenizer(f"local-dir:{folder}")

    @torch.inference_mode()
    def read(self, texts: list[str]) -> torch.Tensor:
        """(B, E) unit features of texts."""
        parts = [self.model.encode_text(self._tokenize(texts[i:i + BATCH])) for i in range(0, len(texts), BATCH)]
        return F.normalize(torch.cat(parts), dim=-1)

    def read_names(self, rows: list[EmojiRow], language: str) -> torch.Tensor:
        """(N, E) unit features of the rows' names, averaged over the templates of the language."""
        names = [row.name_zh or row.name_en if language == "zh" else row.name_en for row in rows]
        features = sum(self.read([template.replace("{}", name) for name in names])
                       for template in read_templates()[language])
        return F.normalize(features, dim=-1)

    @torch.inference_mode()
    def look(self, pictures: np.ndarray) -> torch.Tensor:
        """(B, H, W, 3) uint8 -> (B, E) unit features."""
        pixels = torch.from_numpy(np.ascontiguousarray(pictures.transpose(0, 3, 1, 2)))
        return torch.cat([F.normalize(self.model.encode_image(part.float() / 127.5 - 1), dim=-1)
                          for part in pixels.split(BATCH)])


def found(features: torch.Tensor, names: torch.Tensor, rows: list[int]) -> np.ndarray:
    """(B,) bool: whether the nearest of all (N, E) names is the picture's own, number rows[i]."""
    return ((features @ names.T).argmax(1) == torch.tensor(rows)).numpy()


def kernel_distance(first: np.ndarray, second: np.ndarray) -> float:
    """Squared maximum mean discrepancy of two sets of features, (N, E) and (M, E), unbiased, times 1,000.

    The polynomial kernel (x.y / E + 1)^3 of the Kernel Inception Distance (Binkowski et al.,
    arXiv:1801.01401), here on the judge's features instead of Inception's.
    """
    size = first.shape[1]
    # Features are unit vectors: scaled to the length sqrt(E) that the kernel expects.
    x, y = first.astype(np.float64) * size ** 0.5, second.astype(np.float64) * size ** 0.5
    xx, yy, xy = ((a @ b.T / size + 1) ** 3 for a, b in ((x, x), (y, y), (x, y)))
    n, m = len(x), len(y)
    within = (xx.sum() - np.trace(xx)) / (n * (n - 1)) + (yy.sum() - np.trace(yy)) / (m * (m - 1))
    return float(1000 * (within - 2 * xy.mean()))


def diversity(features: np.ndarray) -> float:
    """Mean cosine distance between two different pictures' features, in [0, 2]."""
    total = np.square(features.astype(np.float64).sum(0)).sum() - len(features)
    return float(1 - total / (len(features) * (len(features) - 1)))


def interval(right: np.ndarray, seed: int = 0, draws: int = 2000) -> tuple[float, float]:
    """95 % bootstrap interval of the mean of (B,) values."""
    rng = np.random.default_rng(seed)
    means = rng.choice(right.astype(np.float64), (draws, len(right))).mean(1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def paired_interval(first: np.ndarray, second: np.ndarray) -> tuple[float, float, float]:
    """Mean of the paired difference first - second over the same names, and its 95 % bootstrap interval."""
    difference = first.astype(np.float64) - second.astype(np.float64)
    return (float(difference.mean()), *interval(difference))
