"""The playground on a page without Python: its script says what the library says, and does what the panel does."""

from dataclasses import replace

import pytest
import torch
from contrast import contrast

from advcourse import Untargeted, fgsm, margin, toys
from advcourse.course import living
from advcourse.widgets import Playground
from advcourse.widgets.live import sources
from advcourse.widgets.view import View
from advcourse.widgets.world import NORMS, Learner, World

RECIPES = {recipe.name: recipe for recipe in toys.RECIPES}
PAGE = """<!doctype html><html lang="en" data-theme="{theme}"><meta charset="utf-8"><title>The playground</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="stylesheet" href="playground.css">
<style>:root {{ color-scheme: {theme}; }}</style><div class="advcourse-living"></div>
<script>const make = "another script's";</script><script src="playground.js"></script></html>"""
ASK = """([world, norms]) => {
  const end = (steps) => {
    for (;;) {
      const { done, value } = steps.next();
      if (done) return value;
    }
  };
  const p = numbers(world.points);
  return Object.entries(world.networks).map(([name, layers]) => {
    const net = network(layers), boundary = end(boundaryOf(net, end(marginsOf(net))));
    const row = (label, i) => {
      const x = [p[2 * i], p[2 * i + 1]], found = norms.map((norm) => smallest(boundary, x, label, SIZES[norm]));
      const steps = norms.flatMap((norm) => fgsm(net, x, label, 0.1, norm));
      const nearest = found.flatMap(({ z, distance }) => [...z, distance]);
      return [...net.logits(x), ...net.slope(x, label), ...nearest, ...steps];
    };
    return [name, world.labels.map(row)];
  });
}"""
# Where a classifier is sure of either class: the field over this paper; and its points there.
PAINTED = """([palette, paper]) => {
  const { picture } = decode({ n: 2, bytes: new DataView(Uint8Array.of(0, 0, 255, 255).buffer) }, palette);
  const pen = make("canvas", { width: 2, height: 2 }).getContext("2d", { colorSpace: "srgb" });
  const seen = (x, y) => [...pen.getImageData(x, y, 1, 1).data].slice(0, 3);
  Object.assign(pen, { fillStyle: paper });
  pen.fillRect(0, 0, 2, 2);
  pen.drawImage(picture, 0, 0);
  const field = [seen(0, 1), seen(0, 0)];
  const points = [palette.blue, palette.orange].map((colour) => {
    Object.assign(pen, { fillStyle: shade(colour, isDark(paper)) });
    pen.fillRect(0, 0, 2, 2);
    return seen(0, 0);
  });
  return [field, points];
}"""
PAPERS = {"light": "rgb(255, 255, 255)", "dark": "rgb(17, 17, 17)"}
SAYS = "() => ['.about', '.line'].map(one => document.querySelector(one).textContent)"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    living.write(folder, ["moons", "blobs"])
    for theme in ("light", "dark"):
        (folder / f"{theme}.html").write_text(PAGE.format(theme=theme), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def opened(browser, folder):
    """The page as a file, once it shows its first classifier, in each theme asked for, and all that it says."""
    pages, messages = {}, []

    def one(theme="light", **size):
        if theme not in pages:
            page = pages[theme] = browser.new_page(**({"viewport": {"width": 1000, "height": 900}} | size))
            page.on("request", lambda request: request.url.startswith("file:") or messages.append(request.url))
            page.on("console", lambda message: messages.append(message.text))
            page.on("pageerror", lambda error: messages.append(str(error)))
            page.goto((folder / f"{theme}.html").as_uri())
            page.locator(".ranking li").first.wait_for(timeout=60_000)
        return pages[theme]

    yield one, messages
    for page in pages.values():
        page.close()


@pytest.fixture
def open_page(opened):
    """The page, with its points where they were; nothing is asked for, and nothing complained about."""
    one, messages = opened
    yield one
    assert messages == []


def world_of(data: str, *names: str) -> World:
    """The same in Python."""
    world, models = World(*living.points_of(data)), living.trained(data)
    for name in names:
        world.learners[name] = Learner(RECIPES[name], models[name], toys.Boundary(models[name], -1, 1))
    return world


def test_networks_gradients_and_smallest_perturbations_are_the_librarys(browser):
    points, labels = living.points_of("moons")
    page = browser.new_page()
    page.add_script_tag(content=sources("networks.js", "smallest.js"))
    told = page.evaluate(ASK, [living.world(points, labels, living.trained("moons")), list(NORMS)])
    page.close()
    assert [name for name, _ in told] == list(RECIPES)
    for name, rows in told:
        said, model = torch.tensor(rows, dtype=torch.float64), living.trained("moons")[name]
        x = points.clone().requires_grad_()
        logits = model(x)
        loss = torch.nn.functional.cross_entropy(logits, labels, reduction="sum")
        (slope,) = torch.autograd.grad(loss, x)
        assert torch.allclose(said[:, :2], logits.double(), atol=1e-4), name
        assert torch.allclose(said[:, 2:4], slope.double(), atol=1e-4), name
        for at, stepped, (norm, threat) in zip((4, 7), (10, 12), NORMS.items()):
            goal = Untargeted(labels, loss=margin)  # the cross entropy's direction, also where that vanishes
            step = fgsm(model, points, goal, replace(threat, eps=0.1))
            assert torch.allclose(said[:, stepped : stepped + 2].float(), step, atol=1e-4), f"{name}, {norm}"
            _, distance = toys.smallest(model, points, labels, threat)
            off = (said[:, at + 2] - distance).abs().max().item()
            assert off < 1e-4, f"{name}, {norm}: distances differ by up to {off:.2g}"
            # Where two places are equally near, either will do: z has to be that far away, and to fool.
            way = said[:, at : at + 2].float() - points
            assert torch.allclose(threat.size(way), distance, atol=1e-4), f"{name}, {norm}"
            assert bool((toys.ask(model, points + 1.001 * way).argmax(1) != labels).all()), f"{name}, {norm}"


def test_a_search_that_was_given_up_begins_again_with_all_it_needs(browser):
    """A point is dragged while its field is seen and no boundary is known yet."""
    page = browser.new_page()
    page.add_script_tag(content=sources("networks.js", "smallest.js", "page.js"))
    world = living.world(*living.points_of("moons"), living.trained("moons"))
    given_up = """([world, name, norm]) => {
      const here = new World(world), first = here.find(name, norm), again = here.find(name, norm);
      while (first.next().value !== "field");
      while (!again.next().done);
      return here.learners[name].found[norm].distance.length;
    }"""
    assert page.evaluate(given_up, [world, "wide net", next(iter(NORMS))]) == len(world["labels"])
    page.close()


@pytest.mark.parametrize(("classifier", "norm"), [("wide net", "ℓ₂"), ("adversarially trained", "ℓ∞")])
def test_the_page_says_what_the_panel_says(open_page, classifier, norm):
    page = open_page()
    for name, value in {"classifier": classifier, "norm": norm}.items():
        page.locator(f"[name={name}]").select_option(value)
    page.locator("[name=eps]").fill("0.11")
    world = world_of("moons", classifier)
    view = View(world, "moons", classifier, norm, 0.11)
    page.wait_for_function("says => document.querySelector('.line').textContent === says", arg=view.line)
    share = f"{world.susceptibility(norm, 0.11)[classifier]:.1%}"
    page.locator(".ranking li").nth(5).wait_for(timeout=120_000)
    assert page.locator(".ranking .chosen").inner_text().split("\n") == [classifier, share]


def test_a_point_is_dragged_and_its_smallest_perturbation_follows(open_page):
    page, (x, y) = open_page(), living.points_of("moons")[0][3].tolist()
    for name, value in {"classifier": "wide net", "norm": "ℓ₂"}.items():
        page.locator(f"[name={name}]").select_option(value)
    box, mouse = page.locator("canvas").bounding_box(), page.mouse
    left, top = box["x"] + box["width"] * (1 + x) / 2, box["y"] + box["height"] * (1 - y) / 2
    mouse.move(left, top)
    page.get_by_text("Point 4 of 200").wait_for()
    before, line = page.evaluate(SAYS)
    mouse.down()
    mouse.move(left + 30, top - 20, steps=5)
    mouse.up()
    moved = (x + 60 / box["width"], y + 40 / box["height"])
    world = world_of("moons", "wide net")
    world.move(3, torch.tensor(moved))
    far = world.found("wide net", "ℓ₂")[1][3].item()
    page.wait_for_function("old => document.querySelector('.about').textContent !== old", arg=before)
    at = f"at ({moved[0]:.2f}, {moved[1]:.2f})"
    says = "wrong without any change" if far == 0 else f"smallest perturbation {far:.3f}"
    page.wait_for_function(
        "([at, far]) => [at, far].every((one) => document.querySelector('.about').textContent.includes(one))",
        arg=[at, says],
    )
    page.locator("[name=start_anew]").click()
    page.wait_for_function(f"before => String(({SAYS})()) === String(before)", arg=[before, line])


def test_everything_by_keyboard(open_page, shoot):
    page = open_page()
    stops = page.locator("select, input, button, canvas").all()
    assert len(stops) == 7
    stops[0].focus()
    for stop in stops:
        assert stop.evaluate("one => one === document.activeElement")
        assert stop.evaluate("one => (one.ariaLabel || one.textContent || one.labels[0].innerText).trim().length > 3")
        page.keyboard.press("Tab")
    assert "of your own" not in page.locator("canvas").get_attribute("aria-label")
    canvas, about = page.locator("canvas"), page.locator(".about")
    canvas.press("ArrowRight")
    first = about.inner_text()
    canvas.press("ArrowRight")
    here = about.inner_text()
    assert first.startswith("Point ") and here != first
    canvas.press("Shift+ArrowUp")
    page.wait_for_function("old => document.querySelector('.about').textContent !== old", arg=here)
    page.locator("[name=start_anew]").press("Enter")
    page.locator("[name=data]").select_option("blobs")
    page.locator("[name=classifier]").press("l")  # linear
    page.get_by_text("linear on blobs").wait_for()
    shoot(page, "living-blobs")


@pytest.mark.parametrize("paper", PAPERS)
def test_points_stand_out_from_either_field(browser, paper):
    page = browser.new_page()
    page.add_script_tag(content=sources("controls.js", "decisions.js"))
    field, points = page.evaluate(PAINTED, [Playground.class_traits()["palette"].default(), PAPERS[paper]])
    page.close()
    ratios = [contrast([v / 255 for v in point], [v / 255 for v in place]) for point in points for place in field]
    assert min(ratios) >= 3, ratios


def test_dark_and_on_a_phone(open_page, shoot):
    light, dark = open_page(), open_page("dark", viewport={"width": 390, "height": 844}, has_touch=True)
    shoot(light, "living-light")
    pictures = [page.locator("canvas").evaluate("one => one.toDataURL()") for page in (light, dark)]
    inks = [page.locator(".line").evaluate("one => getComputedStyle(one).color") for page in (light, dark)]
    assert pictures[0] != pictures[1] and inks == ["rgb(34, 34, 34)", "rgb(228, 228, 228)"]
    assert dark.evaluate("document.documentElement.scrollWidth") <= 390
    assert dark.locator("canvas").bounding_box()["width"] > 330
    shoot(dark, "living-dark-phone")
