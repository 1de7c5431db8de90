"""Pickles of plain data, read without an unpickler: nothing is looked up, called, or allocated by a number in the file.

What `pickle.dumps(value, protocol=5)` writes for dictionaries, lists, tuples, strings, bytes, numbers, truth values and
None is a program of thirty operations for a stack; `pickletools` of the standard library describes them. They are
carried out here, and every other one is refused. A string or bytes may be recalled, as pickle does to save space; a
container may not: a few bytes of lists that hold each other twice stand for more values than any memory holds.
"""

import struct
from collections.abc import Callable
from functools import partial
from typing import Any

MAX_OPERATIONS = 1 << 20
"""Two for each name of a picture, four for each crop: enough for half a million pictures of one person."""

MAX_DEPTH = 16
_MAX_INTEGER_BYTES = 8
_START, _STOP = b"\x80\x05", ord(".")
_SHORT_TEXT, _MEMOIZE, _RECALL = 0x8C, 0x94, ord("h")
_U8, _U32, _U64 = struct.Struct("<B"), struct.Struct("<I"), struct.Struct("<Q")


def read_plain_pickle(data: memoryview) -> Any:
    """The value in a pickle of protocol 5 that holds plain data only, with strings as keys.

    Takes as much memory as `data` has, and some 200 bytes for each of at most MAX_OPERATIONS. Raises ValueError for
    everything else: cut short, with something left over, another operation, too many, nested deeper than MAX_DEPTH, an
    integer of more than 64 bits, a container twice. Its message shows types, and no value of the pickle.
    """
    return _Machine(data).run()


class _Machine:
    """`_stack` holds values and how deep they are nested, `_marks` where the items of a container begin."""

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self._at = 0
        self._stack: list[tuple[Any, int]] = []
        self._marks: list[int] = []
        self._memo: list[Any] = []

    def run(self) -> Any:
        if bytes(self._take(len(_START))) != _START:
            raise ValueError("no pickle of protocol 5")
        left = MAX_OPERATIONS
        while left > 0:
            left -= self._run_frequent(left)
            if not left:
                break
            left -= 1
            code = self._take(1)[0]
            if code == _STOP:
                if len(self._stack) != 1 or self._marks or self._at != len(self._data):
                    raise ValueError("not one value, or something left over at its end")
                return self._stack[0][0]
            if code not in _OPERATIONS:
                raise ValueError(f"operation {code:#04x}, which plain data does not need")
            _OPERATIONS[code](self)
        raise ValueError(f"more than {MAX_OPERATIONS:,} operations")

    def _run_frequent(self, most: int) -> int:
        """Carry out the operations that nearly all of a person's pickle consists of, as long as one follows the other,
        without a call for each; how many they were. What is wrong with one is left to `run` to say.
        """
        data, at, end = self._data, self._at, len(self._data)
        stack, memo, lowest = self._stack, self._memo, self._marks[-1] if self._marks else 0
        for done in range(most):
            code = data[at] if at + 1 < end else _STOP
            if code == _SHORT_TEXT and (after := at + 2 + data[at + 1]) <= end:
                stack.append((str(data[at + 2 : after], "utf-8", "surrogatepass"), 0))
                at = after
            elif code == _MEMOIZE and len(stack) > lowest:
                memo.append(stack[-1][0])
                at += 1
            elif code == _RECALL and data[at + 1] < len(memo) and type(memo[data[at + 1]]) is str:
                stack.append((memo[data[at + 1]], 0))
                at += 2
            else:
                self._at = at
                return done
        self._at = at
        return most

    def _take(self, count: int) -> memoryview:
        taken = self._data[self._at : self._at + count]
        if len(taken) < count:
            raise ValueError("cut short")
        self._at += count
        return taken

    def _number(self, kind: struct.Struct) -> Any:
        return kind.unpack(self._take(kind.size))[0]

    def _push(self, value: object, depth: int = 0) -> None:
        if depth > MAX_DEPTH:
            raise ValueError(f"nested deeper than {MAX_DEPTH}")
        self._stack.append((value, depth))

    def _pop(self, count: int) -> list[tuple[Any, int]]:
        start = len(self._stack) - count
        if count == 0:
            return []
        if start < (self._marks[-1] if self._marks else 0):
            raise ValueError("an operation without its values")
        popped = self._stack[start:]
        del self._stack[start:]
        return popped

    def _pop_marked(self) -> list[tuple[Any, int]]:
        if not self._marks:
            raise ValueError("an operation without its mark")
        popped = self._pop(len(self._stack) - self._marks[-1])
        self._marks.pop()
        return popped

    def _put_into(self, kind: type[Any], items: list[tuple[Any, int]]) -> Any:
        """The container on top of the stack, which is about to hold the items."""
        [(container, depth)] = self._pop(1)
        if type(container) is not kind:
            raise ValueError(f"items for a {kind.__name__}, put into a {type(container).__name__}")
        self._push(container, max(depth, _depth_around(items)))
        return container

    def constant(self, value: object) -> None:
        self._push(value)

    def empty(self, kind: type[Any]) -> None:
        self._push(kind(), 1)

    def number(self, kind: struct.Struct) -> None:
        self._push(self._number(kind))

    def integer(self) -> None:
        written = self._take(self._number(_U8))
        if len(written) > _MAX_INTEGER_BYTES:
            raise ValueError(f"an integer of {len(written)} bytes")
        self._push(int.from_bytes(written, "little", signed=True))

    def text(self, size: struct.Struct) -> None:
        self._push(str(self._take(self._number(size)), "utf-8", "surrogatepass"))

    def octets(self, size: struct.Struct) -> None:
        self._push(bytes(self._take(self._number(size))))

    def mark(self) -> None:
        self._marks.append(len(self._stack))

    def frame(self) -> None:
        self._take(_U64.size)

    def memoize(self) -> None:
        [top] = self._pop(1)
        self._memo.append(top[0])
        self._stack.append(top)

    def recall(self, size: struct.Struct) -> None:
        number = self._number(size)
        if number >= len(self._memo):
            raise ValueError("a value that was not there before")
        value = self._memo[number]
        if not isinstance(value, str | bytes):
            raise ValueError(f"the same {type(value).__name__} twice")
        self._push(value)

    def tuple_of(self, count: int) -> None:
        self._push_tuple(self._pop(count))

    def tuple_of_marked(self) -> None:
        self._push_tuple(self._pop_marked())

    def _push_tuple(self, items: list[tuple[Any, int]]) -> None:
        self._push(tuple([value for value, _ in items]), _depth_around(items))

    def append(self) -> None:
        self._extend(self._pop(1))

    def append_marked(self) -> None:
        self._extend(self._pop_marked())

    def _extend(self, items: list[tuple[Any, int]]) -> None:
        self._put_into(list, items).extend([value for value, _ in items])

    def set_item(self) -> None:
        self._update(self._pop(2))

    def set_marked(self) -> None:
        self._update(self._pop_marked())

    def _update(self, items: list[tuple[Any, int]]) -> None:
        if len(items) % 2:
            raise ValueError("a key without its value")
        container = self._put_into(dict, items)
        for (key, _), (value, _) in zip(items[::2], items[1::2], strict=True):
            if not isinstance(key, str):
                raise ValueError(f"a {type(key).__name__} as a key")
            container[key] = value


def _depth_around(items: list[tuple[Any, int]]) -> int:
    return 1 + max([depth for _, depth in items], default=0)


_OPERATIONS: dict[int, Callable[[_Machine], None]] = {
    ord("N"): partial(_Machine.constant, value=None),
    0x88: partial(_Machine.constant, value=True),
    0x89: partial(_Machine.constant, value=False),
    ord("J"): partial(_Machine.number, kind=struct.Struct("<i")),
    ord("K"): partial(_Machine.number, kind=_U8),
    ord("M"): partial(_Machine.number, kind=struct.Struct("<H")),
    ord("G"): partial(_Machine.number, kind=struct.Struct(">d")),
    0x8A: _Machine.integer,
    _SHORT_TEXT: partial(_Machine.text, size=_U8),
    ord("X"): partial(_Machine.text, size=_U32),
    0x8D: partial(_Machine.text, size=_U64),
    ord("C"): partial(_Machine.octets, size=_U8),
    ord("B"): partial(_Machine.octets, size=_U32),
    0x8E: partial(_Machine.octets, size=_U64),
    0x95: _Machine.frame,
    _MEMOIZE: _Machine.memoize,
    _RECALL: partial(_Machine.recall, size=_U8),
    ord("j"): partial(_Machine.recall, size=_U32),
    ord("("): _Machine.mark,
    ord(")"): partial(_Machine.tuple_of, count=0),
    0x85: partial(_Machine.tuple_of, count=1),
    0x86: partial(_Machine.tuple_of, count=2),
    0x87: partial(_Machine.tuple_of, count=3),
    ord("t"): _Machine.tuple_of_marked,
    ord("]"): partial(_Machine.empty, kind=list),
    ord("a"): _Machine.append,
    ord("e"): _Machine.append_marked,
    ord("}"): partial(_Machine.empty, kind=dict),
    ord("s"): _Machine.set_item,
    ord("u"): _Machine.set_marked,
}
