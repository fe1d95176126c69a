"""Jobs, hashes of secrets and the audit log."""

import asyncpg
import msgspec
import pytest

from engine.storage.durable import DurableStore, Job
from engine.storage.durable.records import NAMED
from tests.storage.conftest import ON_POSTGRESQL

pytestmark = pytest.mark.anyio


async def test_a_job_tells_how_far_it_got(durable: DurableStore) -> None:
    await durable.save_job(Job("b1", "backfill", "running", 0.25, "NSE:TCS"))
    await durable.save_job(Job("b1", "backfill", "done", 1.0))
    await durable.save_job(Job("b2", "seed", "running"))
    assert await durable.jobs() == [Job("b2", "seed", "running"), Job("b1", "backfill", "done", 1.0)]
    assert len(await durable.jobs(limit=1)) == 1
    assert [job.id for job in await durable.jobs(5, "backfill")] == ["b1"]


async def test_a_job_keeps_what_it_was_asked_for_and_how_many_steps_are_done(durable: DurableStore) -> None:
    job = Job("b1", "backfill", "running", 0.5, "NSE:TCS", {"instruments": ["NSE:TCS"]}, 1, 2)
    await durable.save_job(job)
    assert await durable.job("b1") == job
    assert await durable.job("b2") is None


async def test_only_the_hash_of_a_secret_is_kept(durable: DurableStore) -> None:
    assert await durable.hash_of("admin_token") is None
    assert [await durable.keep_first_hash("admin_token", one) for one in ("mine", "yours")] == ["mine", "mine"]
    await durable.keep_hash("admin_token", "first")
    await durable.keep_hash("admin_token", "second")
    assert await durable.hash_of("admin_token") == "second"


async def test_the_audit_log_tells_who_did_what(durable: DurableStore) -> None:
    await durable.audit("admin", "restart", "/engine/feeds/dhan", {"why": "stale"})
    await durable.audit("admin", "login", address="10.0.0.1", outcome="refused")
    newest, oldest = await durable.audit_log()
    assert (newest.action, newest.detail, newest.address, newest.outcome) == ("login", {}, "10.0.0.1", "refused")
    assert (oldest.actor, oldest.target, oldest.detail) == ("admin", "/engine/feeds/dhan", {"why": "stale"})
    assert oldest.at <= newest.at
    assert await durable.audit_log(before=newest.id) == [oldest]
    assert await durable.audit_log(before=oldest.id) == []


async def test_lists_of_jobs_name_few_instruments_and_count_the_others(durable: DurableStore) -> None:
    names = [f"NSE:{number}" for number in range(NAMED + 7)]
    many = Job("b1", "backfill", "running", arguments={"from": "one", "instruments": names}, total=9)
    few = Job("b2", "backfill", "done", arguments={"instruments": names[:NAMED]})
    for job in (many, few, Job("b3", "upkeep", "done", arguments={"date": "2026-11-20"})):
        await durable.save_job(job)
    newest, middle, oldest = await durable.jobs()
    assert (newest.arguments, middle) == ({"date": "2026-11-20"}, few)
    assert oldest.arguments == {"from": "one", "instruments": names[:NAMED], "others": 7}
    assert await durable.unfinished_jobs() == [many]
    assert await durable.job("b1") == many


async def test_what_a_job_was_asked_for_is_sent_once(durable: DurableStore) -> None:
    job = Job("b1", "backfill", "waiting", arguments={"instruments": ["NSE:TCS"]}, total=9)
    await durable.save_job(job)
    await durable.save_job(msgspec.structs.replace(job, status="running", done=1, arguments={"of": "no matter"}))
    assert await durable.job("b1") == msgspec.structs.replace(job, status="running", done=1)


@ON_POSTGRESQL
async def test_jobs_that_ended_long_ago_are_forgotten(durable: DurableStore, database_url: str) -> None:
    for identity, status in (("old", "done"), ("failed", "failed"), ("idle", "paused"), ("new", "done")):
        await durable.save_job(Job(identity, "backfill", status))
    connection = await asyncpg.connect(database_url)
    aged = "UPDATE jobs SET created_at = now() - interval '91 days', updated_at = now() - interval '91 days' WHERE id <> 'new'"
    await connection.execute(aged)
    await connection.close()
    assert await durable.forget_jobs(90) == 2
    assert {job.id for job in await durable.jobs()} == {"idle", "new"}
