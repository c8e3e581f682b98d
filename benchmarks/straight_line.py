"""The least that any client has to do: submit, wait, poll and download chains of tasks, keeping nothing.

Run as `straight_line.py BASE_URL TASKS`. Chains of ten, all chains at once, eight connections.
"""

import asyncio
import sys

import httpx

CHAIN = 10


async def one(client: httpx.AsyncClient, base: str, number: int) -> None:
    body = {"model": "cogvideox-3", "prompt": f"shot {number}", "async": True}
    task = (await client.post(f"{base}/videos/generations", json=body)).json()["task_id"]
    while True:
        await asyncio.sleep(0.5)
        answer = (await client.get(f"{base}/videos/{task}")).json()
        if answer["task_status"] == "succeed":
            break
    async with client.stream("GET", answer["video_result"][0]["url"]) as clip:
        async for _ in clip.aiter_bytes():
            pass


async def chain(client: httpx.AsyncClient, base: str, first: int) -> None:
    for number in range(first, first + CHAIN):
        await one(client, base, number)


async def main() -> None:
    base, tasks = sys.argv[1], int(sys.argv[2])
    limits = httpx.Limits(max_connections=8, max_keepalive_connections=8)
    async with httpx.AsyncClient(limits=limits, timeout=None) as client, asyncio.TaskGroup() as group:
        for first in range(0, tasks, CHAIN):
            group.create_task(chain(client, base, first))


asyncio.run(main())
