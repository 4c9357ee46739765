"""A null model of either profile that keeps what it was asked."""

from converse_graph import NullModel, Request, Response, Scenario
from converse_graph.calls.run_context import RunContext
from converse_graph.models.base import Message, PromptProfile
from converse_graph.models.registry import ModelRegistry


class ListeningChat(NullModel):
    """Answers as the null model does."""

    def __init__(self, profile: PromptProfile) -> None:
        super().__init__()
        self.profile = profile
        self.asked: list[Request] = []

    async def complete(self, request: Request) -> Response:
        self.asked.append(request)
        return await super().complete(request)

    def of(self, place: str) -> tuple[Message, ...]:
        """The prompt of the one call at a place."""
        [found] = [request.messages for request in self.asked if request.place == place]
        return found


async def listened(scenario: Scenario, profile: PromptProfile, *, rounds: int, seed: int = 3) -> ListeningChat:
    """Play some rounds, and return the model with all that it was asked."""
    chat = ListeningChat(profile)
    graph = scenario.graph(compiled=True)
    context = RunContext(models=ModelRegistry(chat), seed=seed)
    await graph.ainvoke({"horizon": rounds}, {"recursion_limit": 10_000}, context=context)
    return chat
