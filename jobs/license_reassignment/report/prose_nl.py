"""Details of decisions in Dutch."""

from __future__ import annotations

DETAILS = {
    "an Exchange plan": "een Exchange-plan",
    "Exchange Plan 1 or 2": "Exchange Plan 1 of 2",
    "a SharePoint plan": "een SharePoint-plan",
    "a Teams or Skype plan": "een Teams- of Skype-plan",
    "Teams Phone, or enterprise voice of Office 365 E4": "Teams Phone, of enterprise voice van Office 365 E4",
    "Graph does not say whether the license is direct or inherited": (
        "Graph zegt niet of de licentie rechtstreeks of via een groep komt"
    ),
    "{sku} needs {pair}": "{sku} heeft {pair} nodig",
    "{sku} excludes {sku2}": "{sku} sluit {sku2} uit",
    **{
        f"{evidence}, and {why}": f"{bewijs}, en {waarom}"
        for evidence, bewijs in (
            ("has the calling plan {sku}", "heeft het belplan {sku}"),
            ("voice = yes in the roster", "in de lijst staat voice = yes"),
            ("has Teams Phone", "heeft Teams Phone"),
        )
        for why, waarom in (
            ("no Teams Phone (MCOEV) afterwards", "daarna is er geen Teams Phone (MCOEV)"),
            (
                "the Teams Phone (MCOEV) of the target would stay off",
                "de Teams Phone (MCOEV) van het nieuwe product zou uit blijven",
            ),
            (
                "the Teams Phone (MCOEV) of the target would stay off, since it needs {pair}, which is off",
                "de Teams Phone (MCOEV) van het nieuwe product zou uit blijven, want {pair} staat uit",
            ),
        )
    },
}
