// The page "documents". `element`, `props` come from Gradio.
const words = props.words;

element.replaceChildren(make("h1", {}, words.title));
