"""Forms: the rows of an answer as JSON, CSV, msgpack or Arrow, in pages or as one stream."""

from web.forms.answering import MEDIA, STREAMS, Pieces, answered_in, form_name
from web.forms.forms import FORMS, Form, begin_form
from web.forms.sheet import Sheet

__all__ = ["FORMS", "MEDIA", "STREAMS", "Form", "Pieces", "Sheet", "answered_in", "begin_form", "form_name"]
