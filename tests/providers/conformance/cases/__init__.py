"""The adapters that are judged, each in a module of its own.

To have one judged: write a module here that says ``CASES`` (``dhan`` is an example) and add it to the list. The suite
needs nothing else: instruments and frames come from the simulated exchange's door, by the vendor's ``Speech``.
"""

from tests.providers.conformance.cases import databento, dhan, kite, relay, yahoo

CASES = [*dhan.CASES, *kite.CASES, *yahoo.CASES, *databento.CASES, *relay.CASES]
