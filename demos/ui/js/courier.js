// A stage's questions to the server and their replies, one under way at a time.
"use strict";
// `send({...value, what, ticket})` hands a question over; the reply comes back with the ticket.
// -> {ask(what, value) -> Promise<reply|null>, adopt(reply), over()}. Of each kind of question the newest waits; `over` says
// that the server has nothing more to say to a request.
epochs.courier = (send) => {
  const LATE = 150;                              // ms that a reply may be behind the end of its request
  let ticket = 0, ended = 0, flying = null;
  const waiting = new Map();                     // what -> {value, done}
  function next() {
    if (flying || !waiting.size) return;
    const [what, { value, done }] = waiting.entries().next().value;
    waiting.delete(what);
    flying = { ticket: ++ticket, done };
    send({ ...value, what, ticket });
  }
  const finish = (reply) => { const { done } = flying; flying = null; done(reply); next(); };
  const adopt = (reply) => { if (flying && reply.ticket === flying.ticket) finish(reply); };
  // Requests end in the order they were sent, and a reply may be a moment behind its end, or already be here and
  // the next question be under way, which an end of the one before must not cut short.
  const over = () => {
    const last = ended = Math.min(ended + 1, ticket);
    setTimeout(() => { if (flying && flying.ticket <= last) finish(null); }, LATE);
  };
  const ask = (what, value) => new Promise((done) => {
    waiting.get(what)?.done(null);
    waiting.set(what, { value, done });
    next();
  });
  return { ask, adopt, over };
};
