"""Every word that the chat page shows, in one place, so that it can be translated.

`{…}` are filled with `str.format`. The page's scripts get what they show from `PAGE`.
"""

TITLE = "Hearth"

# Signing in
SIGN_IN_TEXT = (
    "Paste a key of this appliance. `hearth keys create NAME` makes one; "
    "`hearth up` printed the first."
)
KEY_LABEL = "Key"
SIGN_IN = "Sign in"
SIGN_OUT = "Sign out"
KEY_MISSING = "Please paste a key first."
LINK_USED = "This sign-in link was used before or has expired. Please paste a key instead."

# The conversation
NEW_CHAT = "New chat"
ASK = "Message Hearth"
HINT = "Enter sends · Shift+Enter starts a new line · Esc stops. Answers can be wrong."
NO_MODEL = "There is no model that can chat at present. `hearth status` says why."

# Settings
SETTINGS = "Settings"
MODEL = "Model"
SYSTEM = "System prompt"
SYSTEM_HINT = "How the model should behave, in every conversation"
TEMPERATURE = "Temperature"
TEMPERATURE_INFO = "0: the likeliest word"
TOP_P = "Top p"
TOP_P_INFO = "1: any word"
MAX_TOKENS = "Longest answer, in tokens"
MAX_TOKENS_HINT = "As many as fit"
SEED = "Seed"
SEED_INFO = "The same seed and settings give the same answer."
SEED_HINT = "Another each time"

FIELDS = {
    "model": MODEL,
    "system": SYSTEM,
    "temperature": TEMPERATURE,
    "top_p": TOP_P,
    "max_tokens": MAX_TOKENS,
    "seed": SEED,
}

# Refusals and faults
BAD_SETTING = "The setting “{field}” is not a value that can be used."
SIGN_IN_AGAIN = "The key is unknown, revoked or expired. Please sign in again."
NOT_ALLOWED = "This key may not do that: {message}"
COME_BACK = "The appliance is busy. Please try again in {seconds}."
COME_BACK_SOON = "The appliance is busy. Please try again in a moment."
SECOND = "1 second"
SECONDS = "{n} seconds"
MINUTES = "{n} minutes"
FAILED = "The appliance could not answer (error {status}). Please try again."
FAILED_WITH_ID = FAILED + " In the log it is request {request_id}."
UNREACHABLE = "The appliance does not answer. Is it running? `hearth status` tells."
TOO_SLOW = "Nothing came from the appliance for {n} seconds, so the page stopped waiting."
TOO_LONG = "The answer was not finished after {n} minutes, so the page stopped waiting."
BROKE_OFF = "The answer broke off: {message}"
UNREADABLE = "The appliance sent something that this page cannot read."
BAD_CONVERSATION = "This conversation cannot be read any more. Please start a new one."

# Under an answer
SPEED = "{rate:.1f} tokens/s"
FIRST_TOKEN = "first token after {seconds:.2f} s"
TOKENS = "{prompt} + {answer} tokens"
ASKED_BEFORE = "asked before, {ago}"
ASKED_ALIKE = "asked before in other words ({why}), {ago}"
KEPT = "a kept answer, after {seconds:.2f} s"
AGO = ("{n:.0f} s ago", "{n:.0f} min ago", "{n:.0f} h ago")
CUT = "cut at the longest answer"
FILTERED = "ended by a filter"
STOPPED = "stopped"

# Citations
SOURCE = "Source {number}: {name}{place}{verdict}"
SOURCE_PAGE = ", page {page}"
SOURCE_UNKNOWN = "no such document"
VERDICTS = {
    "verified": "",
    "partial": ", says only part of this",
    "unsupported": ", does not say this",
}

# What the scripts show
COPY = "Copy"
PAGE = {
    "send": "Send",
    "stop": "Stop",
    "settings": SETTINGS,
    "copy": COPY,
    "copyAnswer": "Copy answer",
    "retry": "Try again",
    "edit": "Edit and ask again",
    "save": "Ask again",
    "cancel": "Cancel",
    "rename": "Rename",
    "remove": "Delete",
    "really": "Really delete?",
    "reallyDocuments": "Delete with its documents?",
    "untitled": "New chat",
    "chats": "Conversations",
    "noChats": "Conversations stay in this browser.",
    "you": "You",
    "model": "Answer",
    "waiting": "Waiting for the first word",
    "stopped": STOPPED,
    "lost": "The connection to the appliance was lost.",
    "full": "This browser has no room left for conversations. Delete some to keep new ones.",
    "latest": "Go to the end",
    "greeting": "What can I help with?",
    "privacy": "Everything you write stays on this machine.",
    "examples": [
        ["Explain", "Explain in three sentences how a rainbow forms."],
        ["Write", "Write a friendly e-mail that moves a meeting to Friday."],
        ["Code", "Write a Python function that counts the words in a text."],
        ["Plan", "Plan a simple dinner for four, with a shopping list."],
    ],
}

# Refusals that come to the scripts
LIBRARY = {
    "refusal": "The appliance refused (error {status}).",
    "signInAgain": SIGN_IN_AGAIN,
    "unreachable": "The appliance does not answer. Is it running?",
    "largest": "The appliance takes no file as large as this.",
}

# Choosing documents, and bringing them
DOCUMENTS = {
    "documents": "Documents",
    "documentsOf": "Documents: {names}",
    "noDocuments": "No documents",
    "several": "{n} collections",
    "choose": "Answer from these documents",
    "only": "Only from my documents",
    "onlyBadge": "only",
    "onlyInfo": "If they do not say it, the answer says so.",
    "shared": "shared with you",
    "gone": "no longer there",
    "count": "{n} documents",
    "countOne": "1 document",
    "noCollections": "There are no documents yet.",
    "dropHint": "Drop files or a folder anywhere on this page.",
    "attach": "Add documents",
    "attachFiles": "Files …",
    "attachFolder": "A folder …",
    "drop": "Drop files or a folder",
    "dropInfo": "They stay on this appliance, and only you can read them.",
    "intake": "Documents of this conversation",
    "collectionName": "Documents of {date}",
    "waiting": "waiting",
    "uploading": "uploading {sent} of {size}",
    "busy": "waiting for the appliance",
    "queued": "uploaded, will be read soon",
    "reading": "reading",
    "unpacking": "unpacking {done} of {total}",
    "cutting": "cutting into passages",
    "embedding": "embedding {done} of {total}",
    "waiting for the embedder": "waiting for the embedding model",
    "storing": "storing",
    "ready": "ready",
    "readyPassages": "ready · {n} passages",
    "readyPassage": "ready · 1 passage",
    "refused": "refused",
    "cancelled": "cancelled",
    "progress": "{ready} of {total} ready",
    "progressRefused": "{ready} of {total} ready · {refused} refused",
    "askNow": "You can ask now; answers get better as more is ready.",
    "cancelAll": "Cancel",
    "close": "Close",
    "again": "Try again",
    "more": "{n} more",
    "tooMany": "Only the first {n} files were taken. Add the others in a second step.",
    "leftOut": "{n} hidden files were left out.",
    "leftOutOne": "1 hidden file was left out.",
    "nothing": "There is no file in it.",
} | LIBRARY

# What an answer rests on
SOURCES = {
    "sources": "Sources",
    "alsoRead": "Read, not cited: {n}",
    "uncited": "This answer cites none of the {n} passages that it was given.",
    "page": "page {page}",
    "partial": "partly",
    "partialInfo": "The source says only part of the sentence.",
    "unsupported": "not supported",
    "unsupportedInfo": "The source does not say this.",
    "verified": "checked",
    "verifiedInfo": "The source says this.",
    "missing": "Not in the source: {words}",
    "negation": "whether it is so or not",
    "noSource": "No such source",
    "noSourceInfo": "The answer names a source that it was not given.",
    "notYet": "No document is ready yet. One moment.",
}

# The passage behind a citation
READER = {
    "close": "Close",
    "source": "Source",
    "loading": "Loading …",
    "passageOf": "Passage {n} of {total}",
    "previous": "Previous passage",
    "next": "Next passage",
    "original": "Open the original",
    "originalPage": "Open the original at page {page}",
    "opening": "Fetching the original …",
    "changed": "The document was changed since, so its passage is not shown.",
}
READER |= SOURCES | LIBRARY
