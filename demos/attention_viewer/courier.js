// What goes between the stage and the server: questions and their answers, wishes for a continuation and its tokens.
"use strict";
(() => {
  const { register, read } = epochs;
  const own = epochs.attention;

  register("attention_reply", ({ props, watch }) => { watch("value", () => own.adoptReply?.(read(props))); });
  register("attention_asks", ({ props, trigger }) => { own.send = (value) => { props.value = value; trigger("select"); }; });
  register("attention_wish", ({ props, trigger }) => { own.wish = (value) => { props.value = value; trigger("select"); }; });
  register("attention_grown", ({ props, watch }) => { watch("value", () => own.adoptGrown?.(read(props))); });
  own.ended = () => own.afterReply?.();          // the server has nothing more to say to a question

  // -> send(what, value) -> Promise<reply|null>
  own.courier = () => {
    const { ask, adopt, over } = epochs.courier((value) => own.send(value));
    own.adoptReply = adopt;
    own.afterReply = over;
    return ask;
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
