"use strict";
epochs.register("footer", ({ root, text }) => {
  root.append(epochs.h("p.page-footer", {}, text.promise));
});
