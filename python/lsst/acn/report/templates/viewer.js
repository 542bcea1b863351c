"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const body = $("patches").tBodies[0];
  const heads = [...$("patches").tHead.rows[0].cells];
  const numbers = heads.filter((head) => "number" in head.dataset);
  const rows = [...body.rows];
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const viewer = $("viewer");
  const stage = $("stage");
  const choices = [...document.querySelectorAll(".which button")];
  const layers = { coadd: $("layer-coadd"), restored: $("layer-restored") };
  const names = { coadd: viewer.dataset.coadd, restored: "restored_coadd" };
  const steps = [0.125, 0.25, 0.5, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64];
  const lengths = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600];
  let current = null, view = null, shown = "coadd", zoom = null, timer = 0, playing = !calm.matches;

  function has(which) {
    return layers[which].hasAttribute("src");
  }

  // Both pictures at once, the coadd up to a border that can be pulled.
  function divide(on) {
    stage.classList.toggle("divided", on);
    layers.coadd.style.clipPath = on ? `inset(0 ${100 - Number($("divide").value)}% 0 0)` : "";
  }

  function show(which) {
    divide(false);
    shown = which;
    stage.dataset.shown = which;
    for (const name of Object.keys(layers)) layers[name].classList.toggle("away", name !== which);
    for (const button of choices) button.setAttribute("aria-pressed", String(button.dataset.which === which));
    if (!playing) $("announcement").textContent = names[which];
  }

  function showByHand(which) {
    play(false);
    if (has(which)) show(which);
  }

  function other() {
    return shown === "coadd" ? "restored" : "coadd";
  }

  function swap() {
    if (has(other())) show(other());
  }

  function schedule() {
    clearInterval(timer);
    const rate = Number($("rate").value);
    const both = has("coadd") && has("restored");
    $("rate-text").textContent = `${(1 / rate).toFixed(2).replace(/0+$/, "").replace(/\.$/, "")} s`;
    choices.forEach((button) => (button.disabled = !has(button.dataset.which)));
    $("swap").disabled = $("play").disabled = $("divide").disabled = !both;
    $("play").setAttribute("aria-pressed", String(playing && both));
    $("play").textContent = playing && both ? "❚❚ pause" : "▶ automatic";
    if (playing && both && viewer.open) timer = setInterval(swap, 1000 / rate);
  }

  function play(on) {
    playing = on;
    schedule();
  }

  function swapByHand() {
    showByHand(other());
  }

  function fitting() {
    const fit = Math.min(stage.clientWidth / view.dataset.width, stage.clientHeight / view.dataset.height);
    return fit >= 2 ? Math.floor(fit) : fit;
  }

  function draw() {
    if (!view) return;
    const factor = zoom ?? fitting();
    const area = $("layers");
    const oldWidth = area.clientWidth || 1;
    const middle = [
      (stage.scrollLeft + stage.clientWidth / 2) / oldWidth,
      (stage.scrollTop + stage.clientHeight / 2) / (area.clientHeight || 1),
    ];
    area.style.width = `${Math.round(view.dataset.width * factor)}px`;
    area.style.height = `${Math.round(view.dataset.height * factor)}px`;
    stage.scrollLeft = middle[0] * area.clientWidth - stage.clientWidth / 2;
    stage.scrollTop = middle[1] * area.clientHeight - stage.clientHeight / 2;
    $("zoom-text").textContent = `${Number(factor.toPrecision(2))}×`;
    drawScaleBar(factor);
  }

  function drawScaleBar(factor) {
    const scale = Number(current.dataset.pixelScale) * view.dataset.binning;
    const bar = $("scale-bar");
    bar.hidden = !scale;
    if (!scale) return;
    const widest = 0.3 * Math.min(stage.clientWidth, view.dataset.width * factor) * (scale / factor);
    const arcsec = lengths.filter((length) => length <= widest).pop() ?? lengths[0];
    bar.style.width = `${(arcsec / scale) * factor}px`;
    bar.firstElementChild.textContent = `${arcsec}″`;
  }

  function zoomBy(direction) {
    if (!view) return;
    const now = zoom ?? fitting();
    const further = steps.filter((step) => (direction > 0 ? step > now + 1e-6 : step < now - 1e-6));
    zoom = (direction > 0 ? further[0] : further.pop()) ?? now;
    draw();
  }

  function chooseView(index) {
    view = current.querySelectorAll(".view")[index] ?? null;
    const source = index > 0 ? view : current.querySelector(".pair");
    for (const name of Object.keys(layers)) {
      const picture = source?.querySelector(`img.${name}`);
      if (picture && view) {
        layers[name].src = picture.src;
        layers[name].alt = picture.alt;
      } else {
        layers[name].removeAttribute("src");
      }
      layers[name].hidden = !picture;
    }
    zoom = null;
    document.querySelector(".which").hidden = document.querySelector(".stage-frame").hidden = document.querySelector(".colors").hidden = !view;
    $("no-pictures").hidden = Boolean(view);
    show(has(shown) ? shown : has("coadd") ? "coadd" : "restored");
    draw();
    schedule();
  }

  function numberTable(chosen) {
    const result = document.createElement("table");
    for (const head of chosen) {
      const cell = current.cells[heads.indexOf(head)];
      const line = result.insertRow();
      const name = document.createElement("th");
      name.scope = "row";
      name.title = head.querySelector("button").title;
      name.textContent = head.querySelector(".name").textContent;
      const value = line.insertCell();
      line.prepend(name);
      value.className = cell.className;
      value.title = cell.title;
      value.append(...[...cell.childNodes].map((node) => node.cloneNode(true)));
      const unit = line.insertCell();
      unit.className = "unit";
      unit.textContent = head.querySelector(".unit")?.textContent ?? "";
    }
    return result;
  }

  function copyInto(target, nodes) {
    $(target).replaceChildren(...nodes.map((node) => {
      const copy = node.cloneNode(true);
      copy.hidden = false;
      return copy;
    }));
  }

  function fillText() {
    const { name, low, middle, high, unit } = current.dataset;
    $("viewer-title").textContent = name.charAt(0).toUpperCase() + name.slice(1);
    $("low").textContent = `${low} ${unit}`;
    $("middle").textContent = `${middle} ${unit}`;
    $("high").textContent = `${high} ${unit}`;
    $("viewer-numbers").replaceChildren(numberTable(numbers.filter((head) => !head.hidden)));
    $("viewer-others").replaceChildren(numberTable(numbers.filter((head) => head.hidden)));
    $("others").hidden = !numbers.some((head) => head.hidden);
    copyInto("viewer-notes", [...current.querySelectorAll(".notes p")]);
    copyInto("viewer-more", [...current.querySelectorAll(".more")]);
    copyInto("viewer-files", [...current.querySelectorAll(".files a")]);
    copyInto("viewer-plot", [...current.querySelectorAll("img.plot")]);
  }

  function fillViews() {
    const options = [...current.querySelectorAll(".view")].map((each, index) => {
      const option = document.createElement("option");
      option.value = index;
      option.textContent = each.dataset.name;
      return option;
    });
    $("view").replaceChildren(...options);
    $("view-label").hidden = options.length < 2;
  }

  function open(row) {
    current?.classList.remove("seen");
    current = row;
    row.classList.add("seen");
    fillText();
    fillViews();
    if (!viewer.open) viewer.showModal();
    shown = "coadd";
    chooseView(0);
    const there = neighbours();
    $("previous").disabled = !there.previous;
    $("next").disabled = !there.next;
    stage.focus({ preventScroll: true });
    viewer.scrollTop = 0;
  }

  function neighbours() {
    const visible = [...body.rows].filter((row) => !row.hidden || row === current);
    const here = visible.indexOf(current);
    return { previous: visible[here - 1], next: visible[here + 1] };
  }

  function move(where) {
    const row = neighbours()[where];
    if (!row) return;
    history.replaceState(null, "", `#${row.id}`);
    open(row);
  }

  function openFromAddress() {
    const row = rows.find((each) => each.id === decodeURIComponent(location.hash.slice(1)));
    if (row) open(row);
    else if (viewer.open) viewer.close();
  }

  viewer.addEventListener("close", () => {
    clearInterval(timer);
    if (location.hash.length > 1) history.replaceState(null, "", "#");
    const pair = current.querySelector(".pair");
    pair.scrollIntoView({ block: "nearest" });
    pair.focus({ preventScroll: true });
  });
  viewer.addEventListener("click", (event) => {
    if (event.target === viewer) viewer.close();
  });
  viewer.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const tag = event.target.tagName;
    if (event.key === " " && ["BUTTON", "SELECT", "A", "INPUT"].includes(tag)) return;
    const action = {
      " ": swapByHand,
      a: () => play(!playing),
      "+": () => zoomBy(1),
      "=": () => zoomBy(1),
      "-": () => zoomBy(-1),
      0: () => { zoom = null; draw(); },
      n: () => move("next"),
      p: () => move("previous"),
    }[event.key.toLowerCase()];
    if (!action || tag === "SELECT") return;
    event.preventDefault();
    action();
  });
  stage.addEventListener("click", swapByHand);
  choices.forEach((button) => button.addEventListener("click", () => showByHand(button.dataset.which)));
  $("swap").addEventListener("click", swapByHand);
  $("play").addEventListener("click", () => play(!playing));
  $("divide").addEventListener("input", () => { play(false); divide(true); });
  $("rate").addEventListener("input", schedule);
  $("zoom-in").addEventListener("click", () => zoomBy(1));
  $("zoom-out").addEventListener("click", () => zoomBy(-1));
  $("zoom-fit").addEventListener("click", () => { zoom = null; draw(); });
  $("view").addEventListener("input", () => chooseView(Number($("view").value)));
  $("previous").addEventListener("click", () => move("previous"));
  $("next").addEventListener("click", () => move("next"));
  $("close").addEventListener("click", () => viewer.close());
  addEventListener("resize", draw);
  addEventListener("hashchange", openFromAddress);
  openFromAddress();
})();
