/* A map of many points: WebGL where there is one, a plain canvas elsewhere.
   x and y are Uint16Arrays over the whole range; codes say the colour of each point, dim which are drawn faintly. */
class PointMap {
  static PALETTE = ["#5b6672", "#1f5fae", "#b8400e", "#00756b", "#8a3d9c", "#c08a00", "#3a9fd6", "#d4607c", "#6b8e23", "#7a5230", "#4059c8", "#0a9a9a"];
  static MOST = 12;

  constructor(holder, { x, y, label, onLasso, onPick }) {
    Object.assign(this, { holder, x, y, onLasso, onPick, n: x.length });
    this.codes = new Uint8Array(this.n);
    this.dim = new Uint8Array(this.n);
    this.view = { x: 0.5, y: 0.5, zoom: 0.92 };
    this.mode = "lasso";
    this.canvas = el("canvas", { class: "points", tabindex: 0, role: "img", "aria-label": label });
    this.overlay = el("canvas", { class: "lasso", "aria-hidden": "true" });
    const tool = (text, pressed, act) => el("button", { type: "button", "aria-pressed": pressed, onclick: act }, text);
    this.tools = { lasso: tool("Lasso", "true", () => this.use("lasso")), move: tool("Move", "false", () => this.use("move")) };
    holder.replaceChildren(this.canvas, this.overlay, el("div", { class: "maptools" }, this.tools.lasso, this.tools.move,
      el("button", { type: "button", onclick: () => this.zoom(1.5), "aria-label": "zoom in" }, "+"),
      el("button", { type: "button", onclick: () => this.zoom(1 / 1.5), "aria-label": "zoom out" }, "−"),
      el("button", { type: "button", onclick: () => this.reset() }, "Whole map")));
    this.start();
    new ResizeObserver(() => this.resize()).observe(holder);
    this.listen();
    this.resize();
  }
  use(mode) {
    this.mode = mode;
    for (const [key, button] of Object.entries(this.tools)) button.setAttribute("aria-pressed", String(key === mode));
  }
  colour(codes, dim) { this.codes = codes; if (dim) this.dim = dim; this.upload(); this.draw(); }
  reset() { this.view = { x: 0.5, y: 0.5, zoom: 0.92 }; this.draw(); }
  zoom(factor, at = [0.5, 0.5]) {
    const before = this.toMap(at);
    this.view.zoom = Math.min(400, Math.max(0.5, this.view.zoom * factor));
    const after = this.toMap(at);
    this.view.x += before[0] - after[0];
    this.view.y += before[1] - after[1];
    this.draw();
  }

  /* shares of the frame, from its upper left corner, to shares of the map, and back */
  get aspect() { return this.canvas.width / this.canvas.height || 1; }
  get spans() { return this.aspect >= 1 ? [this.aspect / this.view.zoom, 1 / this.view.zoom] : [1 / this.view.zoom, 1 / this.aspect / this.view.zoom]; }
  toMap([u, v]) { const [w, h] = this.spans; return [this.view.x + (u - 0.5) * w, this.view.y - (v - 0.5) * h]; }
  toFrame(x, y) { const [w, h] = this.spans; return [(x - this.view.x) / w + 0.5, 0.5 - (y - this.view.y) / h]; }

  start() {
    const gl = this.canvas.getContext("webgl", { antialias: true, preserveDrawingBuffer: true });
    this.gl = gl;
    this.holder.dataset.renderer = gl ? "webgl" : "canvas";
    if (!gl) { this.plain = this.canvas.getContext("2d"); return; }
    const compile = (kind, text) => { const made = gl.createShader(kind); gl.shaderSource(made, text); gl.compileShader(made); return made; };
    const program = gl.createProgram();
    gl.attachShader(program, compile(gl.VERTEX_SHADER, `
      attribute vec2 place; attribute float code; attribute float dim;
      uniform vec2 middle; uniform vec2 span; uniform float size; uniform vec3 palette[${PointMap.MOST}];
      varying vec4 colour;
      void main() {
        gl_Position = vec4((place - middle) / span * 2.0, 0.0, 1.0);
        gl_PointSize = dim > 0.5 ? size * 0.7 : size;
        colour = vec4(palette[int(code + 0.5)], dim > 0.5 ? 0.12 : 0.85);
      }`));
    gl.attachShader(program, compile(gl.FRAGMENT_SHADER, `
      precision mediump float; varying vec4 colour;
      void main() {
        float r = length(gl_PointCoord - 0.5);
        if (r > 0.5) discard;
        gl_FragColor = vec4(colour.rgb * colour.a, colour.a);
      }`));
    gl.linkProgram(program);
    gl.useProgram(program);
    this.program = program;
    const places = new Uint16Array(2 * this.n);
    for (let i = 0; i < this.n; i++) { places[2 * i] = this.x[i]; places[2 * i + 1] = this.y[i]; }
    const buffer = (data, name, size, type, normal) => {
      const made = gl.createBuffer(), at = gl.getAttribLocation(program, name);
      gl.bindBuffer(gl.ARRAY_BUFFER, made);
      gl.bufferData(gl.ARRAY_BUFFER, data, gl.DYNAMIC_DRAW);
      gl.enableVertexAttribArray(at);
      gl.vertexAttribPointer(at, size, type, normal, 0, 0);
      return made;
    };
    buffer(places, "place", 2, gl.UNSIGNED_SHORT, true);
    this.codeBuffer = buffer(this.codes, "code", 1, gl.UNSIGNED_BYTE, false);
    this.dimBuffer = buffer(this.dim, "dim", 1, gl.UNSIGNED_BYTE, false);
    const palette = PointMap.PALETTE.flatMap((one) => [1, 3, 5].map((at) => parseInt(one.slice(at, at + 2), 16) / 255));
    gl.uniform3fv(gl.getUniformLocation(program, "palette"), palette);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  }
  upload() {
    const gl = this.gl;
    if (!gl) return;
    for (const [buffer, data] of [[this.codeBuffer, this.codes], [this.dimBuffer, this.dim]]) {
      gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
      gl.bufferData(gl.ARRAY_BUFFER, data, gl.DYNAMIC_DRAW);
    }
  }
  resize() {
    const ratio = window.devicePixelRatio || 1, { clientWidth: w, clientHeight: h } = this.holder;
    for (const one of [this.canvas, this.overlay]) { one.width = Math.max(1, w * ratio); one.height = Math.max(1, h * ratio); }
    this.draw();
  }
  draw() {
    const size = Math.max(2, Math.min(7, 260 / Math.sqrt(this.n))) * (window.devicePixelRatio || 1) * Math.min(2.2, Math.max(1, Math.sqrt(this.view.zoom)));
    const gl = this.gl, [w, h] = this.spans;
    if (gl) {
      gl.viewport(0, 0, this.canvas.width, this.canvas.height);
      gl.clearColor(0, 0, 0, 0);
      gl.clear(gl.COLOR_BUFFER_BIT);
      gl.uniform2f(gl.getUniformLocation(this.program, "middle"), this.view.x, this.view.y);
      gl.uniform2f(gl.getUniformLocation(this.program, "span"), w, h);
      gl.uniform1f(gl.getUniformLocation(this.program, "size"), size);
      gl.drawArrays(gl.POINTS, 0, this.n);
      return;
    }
    const pen = this.plain, { width, height } = this.canvas;
    pen.clearRect(0, 0, width, height);
    for (const faint of [1, 0]) for (let i = 0; i < this.n; i++) {
      if (this.dim[i] !== faint) continue;
      const [u, v] = this.toFrame(this.x[i] / 65535, this.y[i] / 65535);
      if (u < 0 || u > 1 || v < 0 || v > 1) continue;
      pen.globalAlpha = faint ? 0.12 : 0.85;
      pen.fillStyle = PointMap.PALETTE[this.codes[i]];
      pen.fillRect(u * width - size / 2, v * height - size / 2, size, size);
    }
  }

  listen() {
    const at = (event) => { const box = this.canvas.getBoundingClientRect(); return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height]; };
    let path = null;
    this.canvas.addEventListener("pointerdown", (event) => { path = [at(event)]; this.canvas.setPointerCapture(event.pointerId); });
    this.canvas.addEventListener("pointermove", (event) => {
      if (!path) return;
      const here = at(event), last = path[path.length - 1];
      if (this.mode === "move") {
        const [w, h] = this.spans;
        this.view.x -= (here[0] - last[0]) * w;
        this.view.y += (here[1] - last[1]) * h;
        path = [path[0], here];
        this.moved = true;
        this.draw();
        return;
      }
      path.push(here);
      this.outline(path);
    });
    const end = (event) => {
      if (!path) return;
      const done = path, far = Math.max(...done.map(([u, v]) => Math.hypot(u - done[0][0], v - done[0][1])));
      path = null;
      this.outline([]);
      if (far < 0.008) { if (!this.moved) this.pick(at(event)); } else if (this.mode === "lasso") this.onLasso(this.inside(done));
      this.moved = false;
    };
    this.canvas.addEventListener("pointerup", end);
    this.canvas.addEventListener("pointercancel", () => { path = null; this.outline([]); });
    this.canvas.addEventListener("wheel", (event) => { event.preventDefault(); this.zoom(Math.exp(-event.deltaY / 300), at(event)); }, { passive: false });
    this.canvas.addEventListener("keydown", (event) => {
      const step = 0.1 / this.view.zoom;
      const acts = { ArrowLeft: () => { this.view.x -= step; }, ArrowRight: () => { this.view.x += step; }, ArrowUp: () => { this.view.y += step; }, ArrowDown: () => { this.view.y -= step; },
        "+": () => this.zoom(1.5), "-": () => this.zoom(1 / 1.5), 0: () => this.reset(), Enter: () => this.onLasso(this.inside([[0, 0], [1, 0], [1, 1], [0, 1]])) };
      if (!acts[event.key]) return;
      event.preventDefault();
      acts[event.key]();
      this.draw();
    });
  }
  outline(path) {
    const pen = this.overlay.getContext("2d"), { width, height } = this.overlay;
    pen.clearRect(0, 0, width, height);
    if (path.length < 2) return;
    pen.beginPath();
    for (const [u, v] of path) pen.lineTo(u * width, v * height);
    pen.closePath();
    pen.fillStyle = "rgb(31 95 174 / .12)";
    pen.strokeStyle = "#1f5fae";
    pen.lineWidth = 1.5 * (window.devicePixelRatio || 1);
    pen.fill();
    pen.stroke();
  }
  inside(path) {
    const polygon = path.map((one) => this.toMap(one)).map(([x, y]) => [x * 65535, y * 65535]);
    const xs = polygon.map((one) => one[0]), ys = polygon.map((one) => one[1]);
    const [left, right, low, high] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    const found = [];
    for (let i = 0; i < this.n; i++) {
      const x = this.x[i], y = this.y[i];
      if (x < left || x > right || y < low || y > high) continue;
      let within = false;
      for (let a = 0, b = polygon.length - 1; a < polygon.length; b = a++) {
        const [ax, ay] = polygon[a], [bx, by] = polygon[b];
        if ((ay > y) !== (by > y) && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) within = !within;
      }
      if (within) found.push(i);
    }
    return found;
  }
  pick([u, v]) {
    const box = this.canvas.getBoundingClientRect();
    let best = -1, nearest = 12;
    for (let i = 0; i < this.n; i++) {
      const [a, b] = this.toFrame(this.x[i] / 65535, this.y[i] / 65535);
      const far = Math.hypot((a - u) * box.width, (b - v) * box.height);
      if (far < nearest) { nearest = far; best = i; }
    }
    if (best >= 0) this.onPick(best);
  }
}
