"""The programme: what a community awards, as configuration.

``load.load_programme`` turns the YAML text into a frozen ``model.Programme`` or says, line by line,
what is wrong; ``canonical.programme_hash`` names it by its meaning. Versions, proposals and
activations are kept by ``service`` and ``store``. Scoring is in ``ledger.scoring``.
"""
