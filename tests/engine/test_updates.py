"""The engine with the real CLI, on state in a folder and in a bucket."""

from __future__ import annotations

import json
import os
import socket
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from contract.harness import wait_until
from engine.programs import SECRET
from engine.world import (
    STACK,
    Heard,
    World,
    change,
    in_a_bucket,
    in_a_folder_and_in_a_bucket,
    operations,
    past_the_first_look,
    preview,
    update,
)

from automation.core.updates import FieldChange, Holder, Kind, Outcome, standing
from automation.engine.checkpoint import masked, read_checkpoint
from automation.engine.locks import here
from automation.engine.names import CHECKPOINT, LOCKS
from automation.engine.troubles import BadCredentials, NoSuchStack
from automation.errors import HhctlError, Refusal, TimedOut
from localcloud import toolchain

if TYPE_CHECKING:
    from collections.abc import Callable

    from automation.engine.engine import PulumiEngine

STATE = (f".pulumi/history/house-helper/{STACK}", ".pulumi/stacks/house-helper", f".pulumi/backups/house-helper/{STACK}")
CREATED = {"prod-first": "create", "prod-second": "create"}


@in_a_folder_and_in_a_bucket
def test_an_update_is_in_the_history_with_its_dials_and_its_note(world: World, engine: PulumiEngine) -> None:
    done = update(engine, 3)
    assert (done.outcome, done.revision, operations(done)) == (Outcome.SUCCEEDED, 1, CREATED)
    assert world.content("prod-first") == "3"
    [entry] = engine.history(STACK)
    assert (entry.revision, entry.dials.maximum, entry.outcome, entry.kind) == (1, 3, Outcome.SUCCEEDED, Kind.UPDATE)
    assert (entry.note.operation, entry.note.operator, entry.note.reason) == ("scale", "alice", "a test")
    assert engine.outputs(STACK) == {"maximum": 3, "revision": 1, "token": "[secret]"}


def test_a_preview_shows_what_changes_and_leaves_no_trace(engine: PulumiEngine) -> None:
    update(engine, 3)
    assert preview(engine, 3).changes == ()
    forecast = preview(engine, 4)
    assert operations(forecast) == {"prod-first": "update"}
    assert forecast.changes[0].fields == ("content",)
    assert forecast.changes[0].details == (FieldChange("content", "3", "4"),)
    assert len(engine.history(STACK)) == 1


def test_a_preview_of_a_stack_that_was_never_brought_up_does_not_create_it(world: World, engine: PulumiEngine) -> None:
    assert operations(preview(engine, 3)) == CREATED
    assert read_checkpoint(world.store, STACK) is None


def test_whatever_is_asked_of_a_stack_that_is_up_starts_the_cli_once(world: World, tmp_path: Path) -> None:
    starts, counting = tmp_path / "starts", tmp_path / "counting" / "pulumi"
    counting.parent.mkdir()
    counting.write_text(f'#!/bin/sh\necho "$2" >> {starts}\nexec {toolchain.path("pulumi")} "$@"\n')
    counting.chmod(0o755)
    with closing(world.engine(PATH=f"{counting.parent}{os.pathsep}{world.environment['PATH']}")) as engine:

        def started(ask: Callable[[], object]) -> list[str]:
            starts.write_text("")
            ask()
            return starts.read_text().split()

        assert started(lambda: update(engine, 3)) == ["stack", "up"]  # the first time it has to be created
        assert started(lambda: update(engine, 4)) == ["up"]
        assert started(lambda: preview(engine, 5)) == ["preview"]
        assert started(lambda: engine.drift(change(engine, 4), Heard())) == ["preview"]
        assert started(lambda: engine.repair(change(engine, 4), Heard())) == ["up"]
        assert started(lambda: engine.update(change(engine, 5, base=1), Heard())) == []
        (world.boxes / "prod-first.fault").write_text("AccessDenied: not today")
        assert started(lambda: update(engine, 6)) == ["up"]
        assert started(lambda: (engine.history(STACK), engine.recent(STACK), engine.outputs(STACK), engine.holders(STACK))) == []


def test_progress_hears_of_each_change_once_when_it_begins_and_once_when_it_is_done(engine: PulumiEngine) -> None:
    heard = Heard()
    engine.update(change(engine, 3), heard)
    assert [each.name for each in heard.began] == [each.name for each in heard.ended] == ["default", "prod-first", "prod-second"]


@in_a_folder_and_in_a_bucket
def test_a_failed_update_says_which_resource_in_the_providers_words_and_the_next_one_goes_on_from_there(
    world: World, engine: PulumiEngine
) -> None:
    update(engine, 3)
    (world.boxes / "prod-first.fault").write_text("AccessDenied: not today")
    failed = update(engine, 4)
    assert failed.outcome is Outcome.FAILED
    assert [(fault.urn.rpartition("::")[2], fault.message) for fault in failed.faults] == [("prod-first", "AccessDenied: not today")]
    assert world.content("prod-first") == "3"
    assert standing(engine.recent(STACK)).base == 2
    (world.boxes / "prod-first.fault").unlink()
    mended = update(engine, 4)
    assert (mended.outcome, mended.revision, operations(mended)) == (Outcome.SUCCEEDED, 3, {"prod-first": "update"})


def test_a_defect_in_the_program_is_a_fault_of_the_stack_in_one_line(world: World) -> None:
    with closing(replace(world, program="engine.programs:broken").engine()) as engine:
        [fault] = update(engine, 3).faults
    assert str(fault) == "the program failed: LookupError: prod 3 has a defect"


def test_a_failed_update_says_whether_it_had_begun_with_any_resource(world: World, engine: PulumiEngine) -> None:
    with closing(replace(world, program="engine.programs:broken").engine()) as defective:
        assert not update(defective, 3).touched
    (world.boxes / "prod-first.fault").write_text("AccessDenied: not today")
    assert update(engine, 3).touched


def test_a_program_that_cannot_be_imported_is_named(world: World) -> None:
    with closing(replace(world, program="engine.no_such_module:boxes").engine()) as engine, pytest.raises(HhctlError) as told:
        update(engine, 3)
    assert told.value.message.startswith("the program engine.no_such_module:boxes cannot be run: ModuleNotFoundError")


def test_a_worker_that_ends_without_a_word_may_have_found_the_disk_full(world: World) -> None:
    with closing(replace(world, program="engine.silent_end:boxes").engine()) as engine, pytest.raises(HhctlError) as told:
        update(engine, 3)
    assert told.value.message == "the engine's worker ended with 1 and could not say why; what it ran may have taken effect"
    assert told.value.hint.startswith("df -h /")


def test_drift_names_what_the_world_has_otherwise_and_repair_mends_it(world: World, engine: PulumiEngine) -> None:
    update(engine, 3)
    assert engine.drift(change(engine, 3), Heard()).changes == ()
    (world.boxes / "prod-first").write_text(json.dumps({"content": "99", "label": "plain"}))
    (world.boxes / "prod-second").unlink()
    drift = engine.drift(change(engine, 3), Heard())
    assert operations(drift) == {"prod-first": "update", "prod-second": "delete"}
    assert world.content("prod-first") == "99"
    assert operations(engine.repair(change(engine, 3), Heard())) == {"prod-first": "update", "prod-second": "create"}
    assert engine.drift(change(engine, 3), Heard()).changes == ()


def test_a_destroyed_stack_keeps_its_history_and_comes_up_again(world: World, engine: PulumiEngine) -> None:
    update(engine, 3)
    gone = update(engine, 3, present=False)
    assert operations(gone) == {"prod-first": "delete", "prod-second": "delete"}
    assert world.content("prod-first") is None
    back = update(engine, 3)
    assert (back.revision, operations(back)) == (3, CREATED)


def test_an_update_that_was_planned_before_another_is_stale_and_names_who_made_that(world: World, engine: PulumiEngine) -> None:
    update(engine, 3)
    late = change(engine, 5, operator="bob")
    update(engine, 4)
    done = engine.update(late, Heard())
    assert done.outcome is Outcome.STALE
    assert done.holder.startswith("alice (scale, ")
    assert world.content("prod-first") == "4"


@in_a_folder_and_in_a_bucket
def test_the_guard_refuses_under_the_lock_and_the_entry_that_leaves_is_no_base(world: World, engine: PulumiEngine) -> None:
    update(engine, 3)
    late = change(engine, 5, operator="bob")
    update(engine, 4)
    before = world.store.read(CHECKPOINT.format(stack=STACK))
    refused = past_the_first_look(engine, late)
    assert refused.outcome is Outcome.STALE
    assert refused.holder.startswith("alice (scale, ")
    assert _resources(world.store.read(CHECKPOINT.format(stack=STACK))) == _resources(before)
    assert [entry.outcome for entry in engine.history(STACK)] == [Outcome.REFUSED, Outcome.SUCCEEDED, Outcome.SUCCEEDED]
    assert standing(engine.recent(STACK)).base == 2
    assert update(engine, 6).revision == 4


def test_an_update_whose_settings_are_lost_on_the_way_changes_nothing(
    world: World, engine: PulumiEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    update(engine, 3)
    monkeypatch.setattr("automation.engine.runs.write_settings", lambda _file, _settings: None)
    lost = update(engine, 4)
    assert (lost.outcome, lost.revision) == (Outcome.REFUSED, 1)
    assert "settings for this update were lost" in lost.faults[0].message
    assert world.content("prod-first") == "3"
    monkeypatch.undo()
    assert update(engine, 4).outcome is Outcome.SUCCEEDED


@in_a_folder_and_in_a_bucket
def test_the_lock_of_another_host_is_respected_until_it_is_unlocked(world: World, engine: PulumiEngine) -> None:
    update(engine, 3)
    theirs = _lock(world, pid=1, host="elsewhere")
    done = update(engine, 4)
    assert done.outcome is Outcome.BUSY
    assert done.holder.startswith(f"{here().user}@elsewhere (pid 1) since ")
    assert engine.holders(STACK) == (theirs,)
    engine.unlock(STACK, theirs)
    assert update(engine, 4).outcome is Outcome.SUCCEEDED


def test_the_lock_of_a_process_of_ours_that_lives_is_respected(world: World, engine: PulumiEngine) -> None:
    update(engine, 3)
    _lock(world, pid=os.getpid(), host=socket.gethostname())
    assert update(engine, 4).outcome is Outcome.BUSY


def test_a_lock_older_than_the_process_that_has_its_pid_now_is_a_dead_ones(world: World, engine: PulumiEngine) -> None:
    update(engine, 3)
    _lock(world, pid=os.getpid(), host=socket.gethostname(), since=datetime(2001, 1, 1, tzinfo=UTC))
    assert update(engine, 4).outcome is Outcome.SUCCEEDED


def test_resources_without_a_history_are_not_touched(world: World, engine: PulumiEngine) -> None:
    update(engine, 3)
    update(engine, 4)
    for name in world.store.names(f".pulumi/history/house-helper/{STACK}"):
        world.store.delete(name)
    with pytest.raises(Refusal, match="has resources, but no history"):
        update(engine, 5)
    assert world.content("prod-first") == "4"


def test_a_history_without_resources_is_not_believed(world: World, engine: PulumiEngine) -> None:
    update(engine, 3)
    world.store.delete(CHECKPOINT.format(stack=STACK))
    with pytest.raises(Refusal, match="has a history, but its state holds nothing"):
        preview(engine, 4)


def test_a_wrong_passphrase_is_told_in_one_line_and_changes_nothing(world: World, engine: PulumiEngine) -> None:
    update(engine, 3)
    with closing(world.engine(PULUMI_CONFIG_PASSPHRASE="another one")) as stranger, pytest.raises(BadCredentials) as told:
        update(stranger, 4)
    assert told.value.message == "the passphrase of stack prod is wrong"
    assert len(engine.history(STACK)) == 1


def test_a_state_folder_that_is_not_there_is_told_before_anything_starts(world: World) -> None:
    with closing(replace(world, backend=f"{world.backend}/missing").engine()) as engine, pytest.raises(HhctlError, match="is not there"):
        preview(engine, 3)


def test_a_stack_that_the_spec_does_not_name_is_unknown(engine: PulumiEngine) -> None:
    with pytest.raises(NoSuchStack, match="there is no stack sandbox; there are prod"):
        engine.history("sandbox")


def test_drift_and_outputs_of_a_stack_that_was_never_brought_up_say_so(engine: PulumiEngine) -> None:
    for ask in (lambda: engine.outputs(STACK), lambda: engine.drift(change(engine, 3), Heard())):
        with pytest.raises(NoSuchStack, match="was never brought up"):
            ask()


def test_a_bucket_that_accepts_connections_and_never_answers_times_out(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "tester")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hushhush")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        backend = f"s3://state?region=us-east-1&endpoint=http://127.0.0.1:{silent.getsockname()[1]}&s3ForcePathStyle=true"
        with closing(replace(world, backend=backend).engine()) as engine, pytest.raises(TimedOut, match=r"does not answer within 1\.3 s"):
            engine.history(STACK)


@in_a_bucket
def test_a_bucket_that_is_not_there_is_named(world: World) -> None:
    backend = world.backend.replace("s3://state-", "s3://nothing-")
    with closing(replace(world, backend=backend).engine()) as engine, pytest.raises(HhctlError, match="there is no such bucket"):
        engine.history(STACK)


@in_a_folder_and_in_a_bucket
def test_no_secret_is_written_anywhere_in_plain_text(world: World, engine: PulumiEngine) -> None:
    (world.boxes / "prod-second.fault").write_text(f"refused with {SECRET} and a passphrase of the tests")
    with world.held("prod-second") as box, world.operator() as operator:
        operator.update(3, base=0)
        wait_until("the box waits", box.begun)
        folders = [world.environment["TMPDIR"], world.environment["PULUMI_HOME"]]
        assert _files_with(SECRET, folders) == []
        assert [words for each in operator.everything() for words in each.cmdline() if SECRET in words] == []
        box.let_go()
        told = json.dumps(operator.answer())
    assert "refused with [secret] and [secret]" in told
    everything = b"".join(world.store.read(name) or b"" for folder in STATE for name in world.store.names(folder))
    assert SECRET.encode() not in everything
    assert SECRET not in repr(engine.history(STACK)) + repr(engine.outputs(STACK))


def _lock(world: World, *, pid: int, host: str, since: datetime | None = None) -> Holder:
    """Leave a lock as the CLI does."""
    holder = Holder(id="6d9a", user=here().user, host=host, pid=pid, since=since or datetime.now(UTC))
    held = {"pid": pid, "username": holder.user, "hostname": host, "timestamp": holder.since.isoformat()}
    world.put(f"{LOCKS.format(stack=STACK)}/{holder.id}.json", json.dumps(held).encode())
    return holder


def _files_with(text: str, folders: list[str]) -> list[Path]:
    files = [file for folder in folders for file in Path(folder).rglob("*") if file.is_file()]
    assert files
    return [file for file in files if text.encode() in file.read_bytes()]


def _resources(checkpoint: bytes | None) -> dict[str, object]:
    """Inputs and outputs by URN; a secret is encrypted anew whenever the state is written, and stays the same for all that."""
    resources = json.loads(checkpoint or b"{}")["checkpoint"]["latest"]["resources"]
    return {each["urn"]: (masked(each.get("inputs")), masked(each.get("outputs"))) for each in resources}
