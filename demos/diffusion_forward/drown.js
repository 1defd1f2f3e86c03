// x_t drawn by the browser: sqrt(alpha_bar_t) x_0 + sqrt(1 - alpha_bar_t) epsilon, through a linear map to colours.
"use strict";
(() => {
  const bytes = (data) => epochs.bytes(data).buffer;

  // The map is linear, so x_0 and epsilon are turned into colours once, and every t only mixes the two.
  function prepare({ shape: [channels, height, width], clean, noise, alpha_bar: alphas, colours, length }) {
    const cells = height * width;
    const mix = (sample) => {
      const out = new Float32Array(3 * cells);
      for (let channel = 0; channel < channels; channel++)
        for (let rgb = 0; rgb < 3; rgb++)
          for (let i = 0, weight = colours[channel][rgb]; i < cells; i++) out[3 * i + rgb] += weight * sample[channel * cells + i];
      return out;
    };
    return { height, width, length, alphas: new Float64Array(bytes(alphas)), offset: colours[channels],
      clean: mix(new Float32Array(bytes(clean))), noise: mix(new Float32Array(bytes(noise))) };
  }

  // What the schedule says at t, 0 being the clean picture.
  function levels({ alphas }, t) {
    const alpha = t ? alphas[t - 1] : 1;
    const before = t > 1 ? alphas[t - 2] : 1;
    return { alpha, beta: t ? 1 - alpha / before : 0, signal: Math.sqrt(alpha), noise: Math.sqrt(1 - alpha),
      decibels: 10 * Math.log10(alpha / (1 - alpha)) };
  }

  function paint(canvas, ready, t) {
    const { signal, noise } = levels(ready, t);
    if (canvas.width !== ready.width) canvas.width = ready.width;
    if (canvas.height !== ready.height) canvas.height = ready.height;
    const pen = canvas.getContext("2d");
    const image = pen.createImageData(ready.width, ready.height);
    for (let i = 0, out = 0; i < ready.clean.length; i++) {
      image.data[out++] = 127.5 * (signal * ready.clean[i] + noise * ready.noise[i] + ready.offset[i % 3] + 1);
      if (i % 3 === 2) image.data[out++] = 255;
    }
    pen.putImageData(image, 0, 0);
  }

  const decibels = (value) => (value === Infinity ? "∞" : value === -Infinity ? "−∞" : value.toFixed(1).replace("-", "−"));
  Object.assign(epochs.forward ??= {}, { prepare, levels, paint, decibels });
})();
