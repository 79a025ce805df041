import asyncio, time
from dataclasses import replace
import pytest
from base.errors import SoldOut
from tests.integration.checkout.market import *
from tests.integration.checkout.conftest import market
import store.redis.pipeline as p

async def lose(node, n):
    try: await node.purchases.buy(buyer(f"b{n}"), "mug-blue", 1, "key-0001", "demo")
    except SoldOut: return
    raise AssertionError

@pytest.mark.timeout(200)
async def test_m(market):
    await market.buy(qty=5, who="w")
    alone = await market.start_node(scripts=None)
    both = await market.start_node()
    calls = 0
    orig = p.Pipeline.submit
    def submit(self, c):
        nonlocal calls; calls += 1
        return orig(self, c)
    p.Pipeline.submit = submit
    n = 0
    for r in range(3):
        for name, node in (("alone", alone), ("lease", both)):
            calls = 0; t = time.perf_counter(); c = time.process_time()
            for _ in range(10):
                await asyncio.gather(*(lose(node, n + i) for i in range(200))); n += 200
            dt = time.perf_counter() - t; cpu = time.process_time() - c
            await asyncio.sleep(.1)
            c1 = calls
            t = time.perf_counter()
            for i in range(200): await lose(node, n); n += 1
            print(name, "calls/buy", c1 / 2000, "us/buy stampede", round(dt/2000*1e6), "cpu", round(cpu/2000*1e6), "single ms", round((time.perf_counter()-t)/200*1e3, 3))
    p.Pipeline.submit = orig
