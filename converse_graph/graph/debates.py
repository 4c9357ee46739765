"""From a debate to a compiled subgraph, recursively."""

from langgraph.graph import END, START, StateGraph
from langgraph.types import TracePolicy

from converse_graph.calls.run_context import RunContext
from converse_graph.errors import InvalidValue
from converse_graph.graph.channels import debate_schema, debate_supervisor_schema, member_schema
from converse_graph.graph.persona import debate_supervisor, persona_node
from converse_graph.graph.turn_node import TurnNode
from converse_graph.scenarios.cast import SUPERVISOR, Debate, ImaginedDebate
from converse_graph.scenarios.clock import Clock
from converse_graph.turn.deliberation import DebateGraph


def compile_debate(
    deliberation: Debate | ImaginedDebate | None,
    clock: Clock,
    *,
    chain: tuple[str, ...],
    max_depth: int,
    policy: TracePolicy | None,
) -> DebateGraph | None:
    """Compile the debate inside a speaker, with those inside its members.

    Args:
        deliberation: How the speaker makes up its mind.
        clock: The scenario's clock.
        chain: The speakers it sits inside, outermost first.
        max_depth: How many conversations may be nested, the root table included.
        policy: What a tracer is told of its nodes.

    Returns:
        The compiled debate; None where the deliberation is none.

    Raises:
        InvalidValue: Conversations are nested too deeply; the message names the chain.
    """
    if deliberation is None:
        return None
    if len(chain) + 1 > max_depth:
        raise InvalidValue(
            f"Conversations are nested {len(chain) + 1} deep at {' > '.join(chain)}; "
            f"the limit is {max_depth} (max_depth of the scenario)."
        )
    if isinstance(deliberation, ImaginedDebate):
        return None
    names = [member.name for member in deliberation.members]
    graph = StateGraph(debate_schema(names), context_schema=RunContext)
    graph.add_node(
        SUPERVISOR,
        TurnNode(debate_supervisor(deliberation, clock), name=SUPERVISOR),
        input_schema=debate_supervisor_schema(names),
        destinations=(*names, END),
        trace_policy=policy,
    )
    graph.add_edge(START, SUPERVISOR)
    for member in deliberation.members:
        inner = compile_debate(
            member.deliberation, clock, chain=(*chain, member.name), max_depth=max_depth, policy=policy
        )
        graph.add_node(
            member.name,
            TurnNode(persona_node(deliberation, member, clock, inner), name=member.name, debate=inner),
            input_schema=member_schema(member.name),
            trace_policy=policy,
        )
        graph.add_edge(member.name, SUPERVISOR)
    return graph.compile(name=" > ".join(chain))
