"""The one environment in which every template is compiled and run."""

import functools
import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jinja2
from jinja2.nodes import EvalContext
from jinja2.runtime import Context, LoopContext, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing, pass_context

from gewe_runner.template import faults, meter, offer


class Absent(jinja2.StrictUndefined):
    """A name, key or attribute that does not exist, explained without Python's words."""

    __slots__ = ()

    @property
    def _undefined_message(self) -> str:
        name, holder = self._undefined_name, self._undefined_obj
        if self._undefined_hint:
            return self._undefined_hint
        if holder is missing:
            return faults.undefined(name)
        if isinstance(holder, dict):
            return f"there is no {faults.short(name)} in it; {faults.advice(str(name), frozenset(map(str, holder)))}"
        filters = f"; there is a filter: | {name}" if name in offer.FILTERS else ""
        return f"{faults.kind(holder)} has no {faults.short(name)}{filters}"


class Render(meter.Account, Context):
    """One render: the names it was given and the work spent so far."""

    def __init__(self, environment: jinja2.Environment, evaluation: EvalContext, names: Mapping[str, object]) -> None:
        # What Jinja's own constructor does, without what is the same in every render: there is one for each field of
        # each card, and its own takes longer than most templates.
        self.environment, self.eval_ctx = environment, evaluation
        self.parent = names  # type: ignore[assignment]  # is only read
        self.vars: dict[str, Any] = {}
        self.exported_vars: set[str] = set()
        self.name, self.globals_keys, self.blocks = None, set(), {}
        self.spent = 0
        #: How deep macros that call macros are by now.
        self.calls = 0

    def resolve_or_missing(self, key: str) -> Any:
        # Looks into three mappings instead of copying all names into one, as Jinja does for each render.
        if key in self.vars:
            return self.vars[key]
        if key in self.parent:
            return self.parent[key]
        return self.environment.globals.get(key, missing)

    def refuse(self, value: object, depth: int) -> None:
        if not isinstance(value, jinja2.Undefined):
            super().refuse(value, depth)
        elif depth:
            str(value)  # raises: no list holds an undefined name


class Sandbox(ImmutableSandboxedEnvironment):
    """Reaches only the parts of mappings and lists, and what is on offer."""

    intercepted_binops = frozenset(ImmutableSandboxedEnvironment.default_binop_table)

    def __init__(self) -> None:
        # Folding constants would run them when compiling, where nothing is metered.
        super().__init__(optimized=False, undefined=Absent, autoescape=False, cache_size=0)
        self.finalize = pass_context(Render.text)
        self.filters = {name: _metered(name, function) for name, function in offer.FILTERS.items()} | _INNER
        self.tests = {name: _metered(name, function) for name, function in offer.TESTS.items()}
        self.globals = dict(offer.GLOBALS)
        # one for all renders: only {% autoescape %}, which no card may use, would change it
        self._evaluation = EvalContext(self)

    def begun(self, names: Mapping[str, object]) -> Render:
        """A render that has done nothing so far."""
        return Render(self, self._evaluation, names)

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, jinja2.Undefined) or (isinstance(obj, dict) and attribute in obj):
            return obj[attribute]  # an undefined name raises
        if type(obj) is LoopContext and attribute in offer.LOOP:
            return getattr(obj, attribute)
        for kind, methods in offer.METHODS.items():
            if isinstance(obj, kind) and attribute in methods:
                return functools.partial(methods[attribute], obj)
        return self.undefined(obj=obj, name=attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, jinja2.Undefined | str | list | tuple | dict):
            try:
                return obj[argument]
            except (TypeError, LookupError):
                pass
        return self.getattr(obj, argument) if isinstance(argument, str) else self.undefined(obj=obj, name=argument)

    def call(self, context: Any, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        kwargs = {key: value for key, value in kwargs.items() if key not in {"_loop_vars", "_block_vars"}}
        if isinstance(obj, jinja2.Undefined):
            str(obj)
        if not callable(obj):
            raise faults.RefusalError(f"{faults.kind(obj)} cannot be called")
        for part in (*getattr(obj, "args", ()), *args, *kwargs.values()):
            context.weigh(part)
        if context.calls == meter.CALLS:
            raise faults.RefusalError(f"macros may not call each other more than {meter.CALLS} levels deep")
        context.calls += 1
        try:
            result = obj(*args, **kwargs)
        except faults.FOREIGN as exc:
            if isinstance(obj, Macro):
                raise  # its own line is where the fault is; from here on only the call's would be known
            raise faults.RefusalError(faults.plain(exc)) from exc
        context.calls -= 1
        context.weigh(result)
        return result

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator == "%" and isinstance(left, str):
            return offer.format_text(left, *(right if isinstance(right, tuple) else (right,)))
        if operator == "*":
            _refuse_repeat(left, right)
        if operator == "**":
            _refuse_power(left, right)
        try:
            result = self.binop_table[operator](left, right)
        except TypeError as exc:
            sides = f"{faults.kind(left)} {operator} {faults.kind(right)}"
            raise faults.RefusalError(f"cannot reckon {sides}; | int makes a number of a text, ~ joins texts") from exc
        context.weigh(result)
        return result


def _refuse_repeat(left: object, right: object) -> None:
    for whole, times in ((left, right), (right, left)):
        if isinstance(whole, str | list | tuple) and isinstance(times, int):
            meter.refuse_size(len(whole) * times)


def _refuse_power(base: object, exponent: object) -> None:
    if isinstance(base, int) and isinstance(exponent, int) and base.bit_length() * exponent > 2 * meter.BITS:
        raise faults.RefusalError("the number is too large")


#: What a function of Jinja's may want before its arguments.
_WANTED: dict[str, Callable[[Render], object]] = {
    "context": lambda context: context,
    "eval_context": operator.attrgetter("eval_ctx"),
    "environment": operator.attrgetter("environment"),
}


def _metered(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """A filter or test that weighs what it takes and gives, and explains what it cannot do."""
    wants = _WANTED.get(getattr(getattr(function, "jinja_pass_arg", None), "name", ""))
    is_lenient, takes_text = name in offer.LENIENT, name in offer.TEXT_FILTERS

    @pass_context
    def metered(context: Render, value: Any, /, *args: Any, **kwargs: Any) -> Any:
        for part in (value, *args, *kwargs.values()):
            if isinstance(part, jinja2.Undefined) and not is_lenient:
                str(part)  # raises
            context.weigh(part)
        first = (wants(context),) if wants else ()
        try:
            result = function(*first, meter.text(value) if takes_text else value, *args, **kwargs)
            # Jinja's `map`, `select` and others yield: their work belongs to this call, not to whoever reads on.
            result = list(result) if isinstance(result, Iterator) else result
        except faults.FOREIGN as exc:
            raise faults.misused(name, exc) from exc
        context.weigh(result)
        return result

    return metered


@pass_context
def _concat(context: Render, *parts: object) -> str:
    texts = [context.text(part) for part in parts]
    meter.refuse_size(sum(map(len, texts)))
    return "".join(texts)


@pass_context
def _items(context: Render, iterable: Any, weight: int) -> Iterator[object]:
    if isinstance(iterable, jinja2.Undefined):
        iterable = str(iterable)
    if not isinstance(iterable, str | list | tuple | dict):
        raise faults.RefusalError(f"a loop goes over a list, not {faults.kind(iterable)}")
    for item in iterable:
        context.charge(weight)
        yield item


@pass_context
def _repeat(context: Render, weight: int) -> None:
    context.charge(weight)


@pass_context
def _result(context: Render, value: object) -> object:
    """What an expression gives: an undefined name is no result."""
    if isinstance(value, jinja2.Undefined):
        value = str(value)
    context.weigh(value)
    return value


@pass_context
def _weighed(context: Render, value: object) -> object:
    context.weigh(value)
    return value


#: What `tree.Metering` puts in; an author cannot write these names.
_INNER = {"<concat>": _concat, "<items>": _items, "<repeat>": _repeat, "<result>": _result, "<weighed>": _weighed}
