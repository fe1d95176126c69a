"""Which method takes which message."""

from __future__ import annotations

import pytest

from engine.runtime import Actor, SpecError, TaskActor, handles


class Animal:
    pass


class Dog(Animal):
    pass


class Puppy(Dog):
    pass


class Keeper(Actor):
    @handles(Animal)
    def on_animal(self, _: Animal) -> str:
        return "animal"

    @handles(Dog)
    def on_dog(self, _: Dog) -> str:
        return "dog"

    @handles(int, float)
    def on_number(self, _: float) -> str:
        return "number"


def ask(kind: type[Actor], message: object) -> str:
    return kind.handler_table[type(message)](kind(), message)


def test_the_nearest_type_decides() -> None:
    assert [ask(Keeper, message) for message in (Animal(), Dog(), Puppy())] == ["animal", "dog", "dog"]


def test_a_handler_can_take_several_types() -> None:
    assert [ask(Keeper, message) for message in (1, 1.5, True)] == ["number"] * 3


def test_handlers_are_inherited_overridden_by_name_and_taken_over_by_type() -> None:
    class Heir(Keeper):
        def on_dog(self, _: Dog) -> str:
            return "my dog"

        @handles(Animal)
        def on_creature(self, _: Animal) -> str:
            return "creature"

    assert [ask(Heir, message) for message in (Animal(), Dog(), 1)] == ["creature", "my dog", "number"]
    assert ask(Keeper, Dog()) == "dog"


def test_two_handlers_for_one_type_are_refused_when_the_class_is_made() -> None:
    with pytest.raises(SpecError, match="on_one and on_two both handle int"):

        class Confused(Actor):
            @handles(int)
            def on_one(self, _: int) -> None: ...

            @handles(int)
            def on_two(self, _: int) -> None: ...


def test_a_handler_that_waits_is_refused_in_a_reactive_actor() -> None:
    with pytest.raises(SpecError, match="on_int waits"):

        class Waiting(Actor):
            @handles(int)
            async def on_int(self, _: int) -> None: ...


def test_a_hook_that_waits_is_refused_in_a_reactive_actor() -> None:
    with pytest.raises(SpecError, match="on_start waits"):

        class Waiting(Actor):
            async def on_start(self) -> None: ...


def test_a_task_actor_may_wait() -> None:
    class Waiting(TaskActor):
        @handles(int)
        async def on_int(self, _: int) -> None: ...

        @handles(str)
        def on_str(self, _: str) -> None: ...

    assert Waiting.handler_table[int] is Waiting.on_int
