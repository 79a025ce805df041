import { useEffect, useState, useSyncExternalStore } from "react";

const SDK = "https://live.example/yellowcart.js";

// What a part of the page shows of the state; `pick` returns what is stored there, nothing new.
function useLive(live, pick) {
  return useSyncExternalStore((changed) => live.watch(pick, changed), () => pick(live.state));
}

export function LiveShop({ show }) {
  const [live, setLive] = useState(null);
  useEffect(() => {
    const quit = new AbortController();
    import(/* webpackIgnore: true */ /* @vite-ignore */ SDK).then(({ connect }) => {
      if (!quit.signal.aborted) setLive(connect({ show, signal: quit.signal }));
    });
    return () => quit.abort();
  }, [show]);
  return live && <Pinned live={live} />;
}

function Pinned({ live }) {
  const pin = useLive(live, (state) => state.pin);
  const isOnline = useLive(live, (state) => state.conn === "online");
  const left = useLive(live, (state) => state.pin && state.stock[state.pin.product.skus[0].id]);
  const [words, setWords] = useState("");
  if (!pin) return <p>Nothing is shown right now.</p>;

  async function buy() {
    try {
      const held = await live.buy(pin.product.skus[0].id);
      setWords(held.ok ? `Kept for you until ${new Date(held.value.pay_by).toLocaleTimeString()}.` : held.message);
    } catch (error) {
      setWords(error.message);
    }
  }

  return (
    <section>
      <h2>{pin.product.title}</h2>
      <button onClick={buy} disabled={!isOnline || left === 0}>{left === 0 ? "Sold out" : "Buy"}</button>
      <p role="status">{words}</p>
    </section>
  );
}
