"""Exports as ChatGPT and Open WebUI write them, small."""

from collections.abc import Mapping
from typing import Any

Message = dict[str, Any]
MARKED = "\ue200cite\ue202turn0search0\ue201"
ENTITY = '\ue200entity\ue202["city","Turin","Italy"]\ue201'
PICTURE = {"content_type": "image_asset_pointer", "asset_pointer": "sediment://file_1", "width": 9}


def message(role: str, *parts: object, **more: Any) -> Message:
    """Of ChatGPT. `more`: its own fields, and `kind`, its content's type."""
    whole = all(isinstance(part, str) for part in parts)
    kind = more.pop("kind", "text" if whole else "multimodal_text")
    content = {"content_type": kind, "parts": list(parts)}
    base = {"author": {"role": role, "name": None}, "content": content, "recipient": "all"}
    return base | {"metadata": {}, "create_time": 1760000000.25} | more


def chat_gpt(tree: Mapping[str, tuple[str | None, Message | None]], **more: Any) -> dict[str, Any]:
    """A conversation of {id: (parent, message)}."""
    mapping: dict[str, Any] = {
        id: {"id": id, "parent": parent, "children": [], "message": said}
        for id, (parent, said) in tree.items()
    }
    for id, (parent, _) in tree.items():
        if parent in mapping:
            mapping[parent]["children"].append(id)
    base = {"id": "6710-a", "conversation_id": "6710-a", "title": "Lamps", "is_archived": False}
    times = {"create_time": 1760000000.5, "update_time": 1760000600.5}
    return base | times | {"mapping": mapping, "current_node": list(tree)[-1]} | more


def short(id: str, question: str, updated: float) -> dict[str, Any]:
    tree = {"q": (None, message("user", question)), "a": ("q", message("assistant", "Yes."))}
    named = {"id": id, "conversation_id": id, "title": question[:40]}
    return chat_gpt(tree, **named, update_time=updated)


def about_lamps() -> dict[str, Any]:
    """As long as a real one: instructions, a picture, tools, sources, two answers, an edit."""
    hidden = {"is_visually_hidden_from_conversation": True}
    context = {"content_type": "user_editable_context", "user_profile": "x"}
    answer = {
        "model_slug": "gpt-5",
        "content_references": [
            {"matched_text": MARKED, "alt": "([lamps.example](https://lamps.example/a))"}
        ],
    }
    file = {"attachments": [{"id": "file_1", "name": "lamp.png"}]}
    return chat_gpt(
        {
            "root": (None, None),
            "rules": ("root", message("system", "Obey", metadata=hidden)),
            "me": ("rules", message("user", "") | {"content": context, "metadata": hidden}),
            "q1": ("me", message("user", PICTURE, "Which lamp is this?", metadata=file)),
            "a1-other": ("q1", message("assistant", "A kettle.", metadata={"model_slug": "o3"})),
            "think": ("q1", message("assistant", "The user asks", kind="thoughts")),
            "say": ("think", message("assistant", "Let me look.", metadata=answer)),
            "call": ("say", message("assistant", "search(1)", kind="code", recipient="web")),
            "tool": ("call", message("tool", "10 results", PICTURE)),
            "a1": ("tool", message("assistant", f"From {ENTITY}.{MARKED}", metadata=answer)),
            "q2-other": ("a1", message("user", "How odl is it?")),
            "a2-other": ("q2-other", message("assistant", "What is odl?")),
            "q2": ("a1", message("user", "How old is it?")),
            "a2": ("q2", message("assistant", "Very old.")),
        }
    )


def written_by(role: str, content: object, parent: str | None, **more: Any) -> Message:
    """A message of Open WebUI."""
    base = {"role": role, "content": content, "parentId": parent, "childrenIds": []}
    return base | {"timestamp": 1760000000} | more


def open_web_ui(messages: Mapping[str, Message], current: str, **more: Any) -> dict[str, Any]:
    by_id = {id: {"id": id} | one for id, one in messages.items()}
    for id, one in by_id.items():
        if one["parentId"] in by_id:
            by_id[one["parentId"]]["childrenIds"].append(id)
    history = {"messages": by_id, "currentId": current}
    chat = {"title": "Kettles", "models": ["llama"], "history": history, "messages": []}
    base = {"id": "0a1b-c", "user_id": "u", "title": "Kettles", "chat": chat, "archived": False}
    return base | {"created_at": 1760000000, "updated_at": 1760000100} | more


def about_kettles() -> dict[str, Any]:
    """Two models beside each other, one of which thinks and calls a tool; a file; items."""
    asides = (
        '<details type="reasoning" done="true" duration="3">\n<summary>Thought</summary>\n'
        "&gt; hm\n</details>\nThey sing.\n"
        '<details type="tool_calls" done="true" name="look" arguments="{}">\n</details>\n'
        "<details><summary>More</summary>Loudly.</details>"
    )
    items = [
        {"type": "reasoning", "content": [{"type": "output_text", "text": "hm"}]},
        {"type": "message", "content": [{"type": "output_text", "text": "As you see."}]},
    ]
    return open_web_ui(
        {
            "q1": written_by("user", "What do kettles do?", None, models=["llama", "qwen"]),
            "a1": written_by("assistant", asides, "q1", model="qwen", done=True),
            "a1-other": written_by("assistant", "They boil.", "q1", model="llama", done=True),
            "q2": written_by("user", "", "a1", files=[{"type": "image", "url": "data:,"}]),
            "a2": written_by("assistant", "", "q2", model="qwen", output=items),
        },
        "a2",
    )
