"""LiteRT, as every room uses it: without words of its own, on so many threads, its refusals as one line."""

from typing import Any

from twinface.quiet import quiet


def open_interpreter(model: bytes, threads: int) -> Any:
    """An `ai_edge_litert.interpreter.Interpreter` for a .tflite file. Raises ValueError when LiteRT refuses it."""
    from ai_edge_litert.interpreter import Interpreter

    try:
        with quiet():
            interpreter = Interpreter(model_content=model, num_threads=threads)
            interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ValueError(f"LiteRT cannot load it: {reason}") from error
    return interpreter
