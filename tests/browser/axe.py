"""axe-core in a page: what it says about the page's accessibility."""

from importlib.resources import files

from playwright.sync_api import Page

AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
# Gradio draws in the dark where the body has a class that says so. Colours on their way to others
# are waited for.
RUN = """async (dark) => {
    document.body.classList.toggle("dark", dark);
    await Promise.allSettled(document.getAnimations()
        .filter((one) => one.effect.getComputedTiming().endTime < 2000).map((one) => one.finished));
    const runOnly = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
    const { violations } = await axe.run(document, { runOnly, resultTypes: ["violations"] });
    return violations.flatMap(({ id, nodes }) => nodes.map((node) => ({
        rule: id, dark, at: node.target.join(" "), html: node.html.slice(0, 200),
        why: node.failureSummary,
    })));
}"""


def violations(page: Page) -> list[dict[str, str]]:
    """Against WCAG 2.2, levels A and AA, in the light and in the dark, by element: `rule`, `dark`,
    `at`, `html` and `why`.
    """
    page.evaluate(AXE)
    return [found for dark in (False, True) for found in page.evaluate(RUN, dark)]
