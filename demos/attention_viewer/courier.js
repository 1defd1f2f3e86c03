// What goes between the stage and the server: questions and their answers, wishes for a continuation and its tokens.
"use strict";
(() => {
  const { register, read } = epochs;
  const own = epochs.attention;
  const LATE = 150;                              // ms that a reply may be behind the end of its request

  register("attention_reply", ({ props, watch }) => { watch("value", () => own.adoptReply?.(read(props))); });
  register("attention_asks", ({ props, trigger }) => { own.send = (value) => { props.value = value; trigger("select"); }; });
  register("attention_wish", ({ props, trigger }) => { own.wish = (value) => { props.value = value; trigger("select"); }; });
  register("attention_grown", ({ props, watch }) => { watch("value", () => own.adoptGrown?.(read(props))); });
  own.ended = () => own.afterReply?.();          // the server has nothing more to say to a question

  // -> send(what, value) -> Promise<reply|null>. One question is under way; of each kind the newest waits.
  own.courier = () => {
    let ticket = 0, ended = 0, flying = null;
    const waiting = new Map();                   // what -> {value, done}
    function next() {
      if (flying || !waiting.size) return;
      const [what, { value, done }] = waiting.entries().next().value;
      waiting.delete(what);
      flying = { ticket: ++ticket, done };
      own.send({ ...value, what, ticket });
    }
    const finish = (reply) => { const { done } = flying; flying = null; done(reply); next(); };
    own.adoptReply = (reply) => { if (flying && reply.ticket === flying.ticket) finish(reply); };
    // Requests end in the order they were sent, and a reply may be a moment behind its end, or already be here and
    // the next question be under way, which an end of the one before must not cut short.
    own.afterReply = () => {
      const over = ended = Math.min(ended + 1, ticket);
      setTimeout(() => { if (flying && flying.ticket <= over) finish(null); }, LATE);
    };
    return (what, value) => new Promise((done) => {
      waiting.get(what)?.done(null);
      waiting.set(what, { value, done });
      next();
    });
  };

  // Continuations of the text on the stage, one at a time. Each has a ticket, which comes back with its tokens: what an
  // earlier one still sends belongs to another text and is dropped.
  own.continuations = (runs) => {
    let tickets = 0, awaited = null;             // { ticket, had }: the one whose tokens may come
    return {
      get isOn() { return Boolean(runs.running.continue); },
      begin(run, wish) {
        runs.running.continue = true;
        awaited = { ticket: ++tickets, had: run.grown };
        own.wish({ ...wish, run: awaited.ticket });
      },
      stop() { if (runs.running.continue) runs.stop("continue"); },
      leave() { awaited = null; this.stop(); },  // another text is on the stage
      // -> the run with the tokens that have come, null where they belong to another one.
      take(run, value) {
        if (!awaited || value.run !== awaited.ticket || !value.steps) return null;
        const { had } = awaited;
        if (value.state !== "running") { runs.running.continue = false; awaited = null; }
        if (value.stage) return own.unpack(value.stage, had + value.steps.length);
        return value.steps.slice(run.grown - had).reduce(own.grow, run);
      },
    };
  };
})();
