"""Question to passages to prompt to a streamed, cited answer; conversations as trees of messages."""

from forge_desktop.chat.chat import Chat
from forge_desktop.chat.records import ChatMessage, Conversation, Grounding, MessageState, SeenPrompt, Sentence, Source

__all__ = ["Chat", "ChatMessage", "Conversation", "Grounding", "MessageState", "SeenPrompt", "Sentence", "Source"]
