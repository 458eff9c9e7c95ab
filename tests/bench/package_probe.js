// Stands before the package's worker: tells the channel 'bench' how long a contribution took until it
// was computed and until it was durable, and when asked how long calls of the core took, and how large
// its memory is.
{
  const channel = new BroadcastChannel('bench');
  const times = { sotto_event_track: [], sotto_items_recommend: [], sotto_task_contribute: [] };
  let begun = null, memory = null;

  const { instantiate } = WebAssembly;
  WebAssembly.instantiate = async (...given) => {
    const { exports } = await instantiate(...given);
    memory = exports.memory;
    const timed = Object.entries(times).map(([name, all]) => [name, (...numbers) => {
      const since = performance.now();
      const code = exports[name](...numbers);
      all.push(performance.now() - since);
      if (name === 'sotto_task_contribute') {
        begun = since;
        channel.postMessage({ kind: 'computed', ms: all.at(-1) });
      }
      return code;
    }]);
    return { exports: { ...exports, ...Object.fromEntries(timed) } };
  };
  const { transaction } = IDBDatabase.prototype;
  IDBDatabase.prototype.transaction = function (...given) {
    const made = transaction.apply(this, given);
    const since = begun;
    begun = null;
    if (since !== null)
      made.addEventListener('complete', () => channel.postMessage({ kind: 'durable', ms: performance.now() - since }));
    return made;
  };
  channel.onmessage = ({ data }) => {
    if (data === 'measured') channel.postMessage({ kind: 'measured', memory: memory?.buffer.byteLength ?? 0, times });
  };
}
