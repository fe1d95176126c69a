"""Jobs, hashes of secrets and the audit log."""

import pytest

from engine.storage.durable import DurableStore, Job

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
