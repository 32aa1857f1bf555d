"""What a notebook's kernel runs first where PYTHONSTARTUP names this file: from then on it has the pretend device."""

import pretend

pretend.start()
pretend.refuse_float64()
del pretend
