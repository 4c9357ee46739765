"""Strings that would be more than text on a careless page."""

HOSTILE = (
    "<script>window.hacked=1</script>",
    "<img src=x onerror=window.hacked=1>",
    '"><svg onload=window.hacked=1>',
    "'><iframe srcdoc='<script>parent.hacked=1</script>'></iframe>",
    "</textarea></title></style></script><script>window.hacked=1</script>",
    "[click](javascript:window.hacked=1) ![x](http://127.0.0.1:9/pixel.png)",
    "<a href='javascript:window.hacked=1' autofocus onfocus=window.hacked=1>x</a>",
    "<style>*{display:none}</style><base href='http://127.0.0.1:9/'>",
    "{{ 7*7 }} {% raw %} ${7*7} <%= 7*7 %>",
    "<!-- --><meta http-equiv=refresh content='0;url=http://127.0.0.1:9/'>",
    "<form action=http://127.0.0.1:9/><button>x</button></form>",
    'data: {"event": "turns"}\n\nevent: reload\ndata: x\n\n',
    "\u202egnp.exe \u200b\ufeff<b>bold</b> &lt;script&gt;",
    "```html\n<script>window.hacked=1</script>\n```",
    "https://127.0.0.1:9/ <https://127.0.0.1:9/> www.example.test",
)
