// The visitor's own prompts, kept in this browser: [{name, text}], by name. Needs store.js.
const prompts = {
  LONGEST: 20_000, // characters
  MOST: 200,
  list() {
    return (parsed(localStorage.getItem("hearth.prompts")) ?? []).sort((a, b) => a.name.localeCompare(b.name));
  },
  // As it is typed behind the slash.
  nameOf(text) {
    return text.trim().replace(/^\/+/, "").replace(/\s+/g, "-").slice(0, 40);
  },
  // Throws when there is no room.
  save(name, text) {
    const others = prompts.list().filter((one) => one.name !== name);
    prompts.keep([...others, { name, text }]);
  },
  remove(name) {
    prompts.keep(prompts.list().filter((one) => one.name !== name));
  },
  keep(all) {
    localStorage.setItem("hearth.prompts", JSON.stringify(all.slice(0, prompts.MOST)));
    say("hearth:prompts");
  },
};
