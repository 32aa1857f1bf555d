"""What a notebook's kernel runs first where PYTHONSTARTUP names this file: then ADVCOURSE_DEVICE=pretend is a device."""

import pretend

pretend.start()
pretend.refuse_float64()
del pretend
