"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const table = $("patches");
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  const rows = [...body.rows];
  const calm = matchMedia("(prefers-reduced-motion: reduce)");

  // --- Sorting ---------------------------------------------------------------
  function compare(a, b, type) {
    return type === "number" ? Number(a) - Number(b) : a < b ? -1 : a > b ? 1 : 0;
  }

  function sortBy(head, asked) {
    const index = heads.indexOf(head);
    const direction = asked ?? (head.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending");
    heads.forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", direction);
    const sign = direction === "ascending" ? 1 : -1;
    const keyed = rows.map((row, order) => ({ row, order, key: row.cells[index].dataset.value }));
    keyed.sort((a, b) => {
      // What is missing comes last, whichever way.
      if (a.key === "" || b.key === "") return (a.key === "") - (b.key === "") || a.order - b.order;
      return sign * compare(a.key, b.key, head.dataset.type) || a.order - b.order;
    });
    body.append(...keyed.map((each) => each.row));
  }

  const sortable = heads.filter((head) => head.querySelector("button"));
  sortable.forEach((head) => head.querySelector("button").addEventListener("click", () => sortBy(head)));

  // --- Where there is no room for heads: each cell says what it is ------------
  const headings = heads.map((head) => head.querySelector(".name")?.textContent ?? "");
  const units = heads.map((head) => head.querySelector(".unit")?.textContent ?? "");
  for (const row of rows) {
    headings.forEach((heading, index) => {
      if (heading) row.cells[index].dataset.heading = units[index] ? `${heading} [${units[index]}]` : heading;
    });
  }
  for (const head of sortable) {
    for (const direction of ["ascending", "descending"]) {
      const text = `${headings[heads.indexOf(head)]} ${direction === "ascending" ? "↑" : "↓"}`;
      const option = new Option(text, `${head.dataset.name} ${direction}`);
      option.selected = head.getAttribute("aria-sort") === direction;
      $("sort").append(option);
    }
  }
  $("sort").addEventListener("change", () => {
    const [name, direction] = $("sort").value.split(" ");
    sortBy(sortable.find((head) => head.dataset.name === name), direction);
  });

  // --- Choosing rows ---------------------------------------------------------
  function applyFilter() {
    const words = $("find").value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const known = row.dataset.name.toLowerCase().split(/[\s,]+/);
      row.hidden =
        !words.every((word) => known.includes(word)) ||
        ($("only-outliers").checked && !("outlier" in row.dataset)) ||
        ($("only-incomplete").checked && !("incomplete" in row.dataset));
      shown += !row.hidden;
    }
    $("nothing").hidden = shown > 0;
    $("count").textContent = shown === rows.length ? "" : `${shown} of ${rows.length} patches`;
  }

  // Where nothing is lacking, there is no need for a column to say so.
  const nIncomplete = rows.filter((row) => "incomplete" in row.dataset).length;
  table.querySelectorAll(".notes").forEach((cell) => (cell.hidden = nIncomplete === 0));
  $("only-incomplete").disabled = nIncomplete === 0;
  $("n-incomplete").hidden = nIncomplete === 0;
  $("n-incomplete").textContent = `${nIncomplete} ${nIncomplete === 1 ? "lacks" : "lack"} something`;
  ["find", "only-outliers", "only-incomplete"].forEach((id) => $(id).addEventListener("input", applyFilter));

  // --- Choosing columns ------------------------------------------------------
  const boxes = [...document.querySelectorAll("#columns input")];
  const numbers = heads.filter((head) => "number" in head.dataset);

  function applyColumns() {
    boxes.forEach((box, order) => {
      const index = heads.indexOf(numbers[order]);
      if (numbers[order].hidden === !box.checked) return;
      for (const row of table.rows) row.cells[index].hidden = !box.checked;
    });
    if ($("n-columns")) $("n-columns").textContent = boxes.filter((box) => box.checked).length;
  }

  function setColumns(choose) {
    boxes.forEach((box) => (box.checked = choose(box)));
    applyColumns();
  }

  boxes.forEach((box) => box.addEventListener("input", applyColumns));
  $("all-columns")?.addEventListener("click", () => setColumns(() => true));
  $("first-columns")?.addEventListener("click", () => setColumns((box) => "first" in box.dataset));
  applyColumns();

  const menu = document.querySelector(".menu");
  document.addEventListener("click", (event) => {
    if (menu && !menu.contains(event.target)) menu.open = false;
  });
  menu?.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });

  // --- Thumbnails that change places under the pointer -------------------------
  let hovering = 0;
  function stopHover(pair) {
    clearInterval(hovering);
    pair.classList.remove("swapped");
  }

  for (const pair of document.querySelectorAll(".pair")) {
    if (pair.querySelectorAll("img").length < 2) continue;
    const start = () => {
      stopHover(pair);
      if (!calm.matches) hovering = setInterval(() => pair.classList.toggle("swapped"), 700);
    };
    pair.addEventListener("mouseenter", start);
    pair.addEventListener("mouseleave", () => stopHover(pair));
  }
})();
