// Whether Python still answers. A kernel that was restarted knows nothing of its panels: a panel says so, and rests.

const GONE = "The kernel that answered here is gone. Run the cells above, then run this cell again.";
const ENDS = ["restarting", "autorestarting", "terminating", "dead"];
const PATIENCE = 1000; // ms that a panel waits before it asks, and between two questions

// Says so on the panel as soon as it is known, and unsays it should a scene come after all; what it returns ends it.
function watch(model, panel) {
  const said = make("p", { className: "gone", role: "alert" });
  panel.prepend(said);
  const show = (gone) => {
    panel.classList.toggle("alone", gone);
    said.textContent = gone ? GONE : "";
    for (const part of panel.children) part.inert = gone && part !== said;
  };
  const end = () => show(true), live = () => panel.matches(".alone") && show(false);
  model.on("change:scene", live);
  const ended = (_, status) => ENDS.includes(status) && end();
  const kernel = model.widget_manager?.kernel; // Jupyter's own front ends know it
  kernel?.statusChanged?.connect(ended);
  kernel?.disposed?.connect(end);

  // Elsewhere nobody says so. A kernel that twice hears the question whether the panel is there while a scene is awaited,
  // and sends neither scene nor answer, knows no panel. One that is busy may not hear it yet: that is no end.
  let silence = 0, asked = false, answered = false;
  const answer = () => (answered = true);
  model.on("msg:custom", answer);
  const ask = () => {
    if (asked || !panel.matches(".waiting:not(.alone)")) return;
    [asked, answered] = [true, false];
    const before = model.get("scene");
    const status = ({ content }) => {
      if (content.execution_state === "idle") setTimeout(judge, PATIENCE / 2); // a scene takes longer to arrive
    };
    const judge = () => {
      asked = false;
      silence = panel.matches(".waiting") && !answered && model.get("scene") === before ? silence + 1 : 0;
      if (silence > 1) end();
    };
    try {
      model.send({ ask: "there?" }, { iopub: { status } });
    } catch {
      end();
    }
  };

  const timer = setInterval(ask, PATIENCE);
  return () => {
    clearInterval(timer);
    model.off("change:scene", live);
    model.off("msg:custom", answer);
    kernel?.statusChanged?.disconnect(ended);
    kernel?.disposed?.disconnect(end);
  };
}
