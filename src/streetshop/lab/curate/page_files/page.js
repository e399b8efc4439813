const at = (id) => document.getElementById(id);
let session, place = 0;

const answer = async (path, body) => {
  const response = await fetch(path, body === undefined ? {} : {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
  });
  const value = await response.json();
  if (!response.ok) throw new Error(value.detail ?? response.statusText);
  return value;
};

const show = () => {
  const card = session.cards[place];
  const decided = session.cards.filter((c) => c.verdict).length;
  at("count").textContent = `${decided} of ${session.cards.length} decided`;
  at("progress").value = decided / Math.max(session.cards.length, 1);
  at("name").textContent = card ? `${place + 1}. ${card.title}` : "That was the last one.";
  at("note").textContent = card ? card.note : "Everything is saved. Close this page and stop the command.";
  at("pictures").replaceChildren(...(card?.rows ?? []).map((row) => {
    const image = new Image();
    image.src = `/picture/${row}`;
    image.alt = `picture of row ${row}`;
    return image;
  }));
  at("pictures").classList.toggle("few", (card?.rows.length ?? 0) <= 2);
  for (const [id, verdict] of [["yes", session.verdicts[0]], ["no", session.verdicts[1]]]) {
    at(id).querySelector("span").textContent = verdict;
    at(id).setAttribute("aria-pressed", String(card?.verdict === verdict));
    at(id).disabled = !card;
  }
};

const go = (to) => { place = Math.min(Math.max(to, 0), session.cards.length); show(); };

const decide = async (verdict) => {
  const card = session.cards[place];
  if (!card) return;
  await answer("/decide", { id: card.id, verdict });
  card.verdict = verdict;
  go(place + 1);
};

const undo = async () => {
  const { id, verdict } = await answer("/undo", {});
  if (id === null) return;
  const found = session.cards.findIndex((c) => c.id === id);
  if (found < 0) return;
  session.cards[found].verdict = verdict;
  go(found);
};

let busy = false;
const act = async (work) => {
  if (busy) return; // a held key must not decide about unseen cards
  busy = true;
  try { at("message").textContent = ""; await work(); } catch (error) { at("message").textContent = error.message; }
  busy = false;
};

const actions = {
  k: () => decide(session.verdicts[0]), d: () => decide(session.verdicts[1]), u: undo,
  ArrowLeft: () => go(place - 1), ArrowRight: () => go(place + 1),
};
document.addEventListener("keydown", (event) => {
  if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || !actions[event.key]) return;
  event.preventDefault();
  act(actions[event.key]);
});
for (const [id, key] of [["yes", "k"], ["no", "d"], ["undo", "u"], ["back", "ArrowLeft"], ["skip", "ArrowRight"]]) {
  at(id).addEventListener("click", () => act(actions[key]));
}

session = await answer("/cards");
at("title").textContent = document.title = session.title;
const first = session.cards.findIndex((c) => !c.verdict);
go(first < 0 ? session.cards.length : first);
