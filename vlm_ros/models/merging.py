"""What several predictions of one object say together.

A network predicts the same object at many anchor points. Their mean box is nearer to the object
than the surest one's (box voting; Gidaris and Komodakis 2015), and their mean embedding says
better what it is.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from vlm_ros.geometry.boxes import iou
from vlm_ros.regions import ClassLogits, EmbeddedRegions

# The least probability of a class, for logits are finite.
_UNSEEN = np.float32(1e-3)


def merged(regions: EmbeddedRegions, kept: NDArray[np.intp], overlap: float) -> EmbeddedRegions:
    """The kept regions, each with what the others say of the same object.

    Args:
        regions: N predictions.
        kept: (K,) indices of the surest of each object.
        overlap: IoU with a kept box from which on a prediction is of the same object; it counts
            by its objectness times this IoU.

    Returns:
        K regions; boxes, embeddings and probabilities of classes are weighted means, the rest is
        that of the kept.
    """
    chosen = regions.take(kept)
    shared = iou(chosen.boxes, regions.boxes)
    weight = np.where(shared >= overlap, shared * regions.objectness, 0.0).astype(np.float32)
    share = weight / weight.sum(axis=1, keepdims=True)
    classes = regions.classes
    if classes is not None:
        # Bounded, for the exponential of more is no float32.
        seen = share @ (1.0 / (1.0 + np.exp(np.minimum(-classes.values, 80.0))))
        seen = np.clip(seen, _UNSEEN, 1.0 - _UNSEEN)
        classes = ClassLogits(classes.names, np.log(seen / (1.0 - seen)))
    embeddings = weight @ regions.embeddings
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    return replace(chosen, boxes=share @ regions.boxes, embeddings=embeddings, classes=classes)
