"""The settings that decided the scores, in words, for the pages that people read."""

from collections.abc import Mapping

from segmentation.core.counting import counted


def settings_in_words(computed_by: str, decided: Mapping[str, object]) -> dict[str, object]:
    """Return `computed_by` and the settings, as `ScoreSettings.plain` has them, in words."""
    words: dict[str, object] = {"scored by": computed_by}
    if (tta := decided.get("tta", "none")) != "none":
        words["averaged over"] = tta
    words |= {name: decided[name] for name in ("tiles", "channels") if decided.get(name)}
    for key, name in (("islands_px", "islands removed"), ("holes_px", "holes filled")):
        limit_px = decided.get(key)
        if isinstance(limit_px, int) and limit_px:
            words[name] = f"smaller than {counted(limit_px, 'pixel')}"
    return words
