'use strict';
const at = id => document.getElementById(id);
const classes = { '.': 'n', r: 'r', e: 'e', s: 's', f: 'f' };
const words = { n: 'not begun', r: 'running', e: 'running, asked too early', s: 'succeeded', f: 'failed' };
let token = '';

function fill(id, rows) {
  const body = at(id).tBodies[0];
  while (body.rows.length > rows.length) body.deleteRow(-1);
  rows.forEach(([name, value], i) => {
    const row = body.rows[i] || body.insertRow();
    while (row.cells.length < 2) row.insertCell();
    if (row.cells[0].textContent !== name) row.cells[0].textContent = name;
    const text = value.toLocaleString('en');
    if (row.cells[1].textContent !== text) row.cells[1].textContent = text;
  });
}

function show(status) {
  at('title').textContent = status.title;
  at('clock').textContent = status.now;
  at('speed').textContent = status.step ? 'stepped' : '\u00d7' + status.speed;
  at('version').textContent = 'rcesim ' + status.version;
  const shown = status.grid.length;
  at('fleet-head').textContent = shown < status.sddcs ? `Fleet: the first ${shown} of ${status.sddcs}` : 'Fleet';
  const grid = at('grid');
  while (grid.childNodes.length > status.grid.length) grid.lastChild.remove();
  for (let i = 0; i < status.grid.length; i++) {
    const cell = grid.childNodes[i] || grid.appendChild(document.createElement('i'));
    const letter = classes[status.grid[i]] || 'n';
    const wanted = 'cell ' + letter;
    if (cell.className !== wanted) { cell.className = wanted; cell.title = 'SDDC ' + i + ': ' + words[letter]; }
  }
  const w = status.workflows;
  const label = `One mark for each SDDC: ${w.none} not begun, ${w.running} running, ${w.succeeded} succeeded, ${w.failed} failed`;
  if (grid.getAttribute('aria-label') !== label) grid.setAttribute('aria-label', label);
  fill('numbers', [
    ['Workflows running', w.running], ['succeeded', w.succeeded], ['failed', w.failed],
    ['not begun', w.none], ['asked too early', status.early_triggers],
    ['Clusters ready for maintenance', status.clusters_ready], ['of', status.clusters],
    ['Requests', status.calls], ['throttled', status.throttled], ['waiting for an answer', status.waiting],
    ['Lost callbacks', status.callbacks_lost], ['Duplicate triggers', status.duplicate_triggers],
    ['Broken invariants', status.violations]]);
  fill('hosts', Object.entries(status.hosts));
}

async function poll() {
  try {
    const headers = token ? { Authorization: 'Bearer ' + token } : {};
    const answer = await fetch('status.json', { headers, cache: 'no-store' });
    at('login').hidden = answer.status !== 401;
    if (answer.ok) { show(await answer.json()); at('state').textContent = ''; }
    else at('state').textContent = answer.status === 401 ? 'a token is needed' : 'answer ' + answer.status;
  } catch (problem) {
    at('state').textContent = 'no answer';
  }
  setTimeout(poll, 1000);
}

at('login').addEventListener('submit', event => { event.preventDefault(); token = at('token').value; });
poll();
