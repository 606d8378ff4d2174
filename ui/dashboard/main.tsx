/** The run dashboard: how far runs are, how they learn, and what the policy writes. */
import { render } from 'preact';
import type { Training } from '../../src/dashboard/events.js';
import { applyTheme, Top } from '../shared/Page.tsx';
import '../shared/base.css';
import './dashboard.css';
import { Chart, type ChartProps, runColor } from './Chart.tsx';
import { Probes } from './Probes.tsx';
import { Stages } from './Stages.tsx';
import { all, connect, connection, problem, shown } from './store.ts';

type Described = Omit<ChartProps, 'stage'>;

const POLICY: readonly Described[] = [
  {
    name: 'kl',
    label: 'KL to the sampling policy',
    title: 'Nats a token that an update moves the policy, in sampled form',
  },
  {
    name: 'entropy',
    label: 'Entropy',
    title: 'Nats a token; near 0 the policy always writes the same',
    atLeast: [0],
  },
  {
    name: 'duplicateShare',
    label: 'Repeated sub-queries',
    title: 'Share of sub-queries equal to an earlier one of their fan-out',
    atLeast: [0],
  },
  {
    name: 'duplicateItemShare',
    label: 'Repeated items',
    title: 'Share of sub-queries that found an item an earlier one had found',
    atLeast: [0],
  },
  { name: 'loss', label: 'Loss', title: 'Soft-GRPO loss, mean over the updates of a step' },
  { name: 'gradientNorm', label: 'Gradient norm', title: 'Before clipping', atLeast: [0] },
  {
    name: 'clipShare',
    label: 'Clipped tokens',
    title: 'Share of tokens whose ratio was clipped',
    atLeast: [0],
  },
  {
    name: 'tokensPerSubQuery',
    label: 'Tokens a sub-query',
    title: 'Mean length of the sub-queries',
    atLeast: [0],
  },
];

const LOSSES: Readonly<Record<Exclude<Training, 'policy'>, readonly Described[]>> = {
  'warm-start': [{ name: 'loss', label: 'Loss', title: 'Cross entropy, nats a token' }],
  diffusion: [
    { name: 'loss', label: 'Loss', title: 'Denoising loss over all noise levels' },
    { name: 'loss.low', label: 'Low noise', title: 'The loss where there is little noise' },
    { name: 'loss.middle', label: 'Middle noise', title: 'The loss at middling noise' },
    { name: 'loss.high', label: 'High noise', title: 'The loss where there is next to nothing but noise' },
  ],
};

function Dashboard() {
  return (
    <>
      <Top title="r4t" about={describeRuns()}>
        <Connection />
      </Top>
      <main>
        {problem.value !== undefined && (
          <p class="notice bad" role="alert">
            <b>A run cannot be read:</b> {problem.value}
          </p>
        )}
        {all.value.length === 0 ? <Waiting /> : <Content />}
      </main>
    </>
  );
}

function Content() {
  return (
    <>
      <Stages />
      <Section
        stage="policy"
        name="Policy"
        about="each one batch of fan-outs scored and learned from (Soft-GRPO)"
      >
        {[
          ...validation(),
          { name: 'reward', label: 'Reward', title: 'The weighted sum of its components' },
          ...components(),
          ...POLICY,
        ]}
      </Section>
      <Probes />
      <Section stage="diffusion" name="Diffusion" about="each one batch of synthesised sets">
        {[...validation(), ...LOSSES.diffusion]}
      </Section>
      <Section stage="warm-start" name="Warm start" about="before any reward: the catalog's own words">
        {LOSSES['warm-start']}
      </Section>
      <Differences />
    </>
  );
}

/** By people's labels, on validation queries. */
function validation(): Described[] {
  const sizes = [...new Set(shown.value.map(({ status }) => status.k))];
  const k = sizes.length === 1 ? sizes[0] : 'k';
  const on =
    'mean over validation queries with a reference set, at most 100; the dashed line is the best baseline on the same';
  return [
    { name: 'validation.alphaNdcg', label: `alpha-nDCG@${k}`, title: `By labels: ${on}`, isProbe: true },
    {
      name: 'validation.precision',
      label: `P@${k}`,
      title: `Share of the items that are right: ${on}`,
      isProbe: true,
    },
  ];
}

/** The reward's components: whatever has a raw value beside a normalised one. */
function components(): Described[] {
  const names = new Set(
    shown.value.flatMap(({ metrics }) =>
      Object.keys(metrics.policy?.[0] ?? {}).flatMap((name) =>
        name.endsWith('.raw') ? [name.slice(0, -4)] : [],
      ),
    ),
  );
  return Array.from(names, (name) => ({
    name,
    label: `${name[0].toUpperCase()}${name.slice(1)}`,
    title: 'A component of the reward, on a scale of 0 to 1',
  }));
}

interface SectionProps {
  readonly stage: Training;
  readonly name: string;
  readonly about: string;
  readonly children: readonly Described[];
}

function Section({ stage, name, about, children }: SectionProps) {
  const lines = shown.value.flatMap(({ metrics }) => metrics[stage] ?? []);
  if (lines.length === 0) return null;
  const steps = Math.max(...lines.map(({ step }) => step)) + 1;
  const known = children.filter((chart) => lines.some((line) => line[chart.name] !== undefined));
  return (
    <section class="training" aria-label={name}>
      <header>
        <h2>{name}</h2>
        <p class="muted small">
          {steps.toLocaleString('en')} {steps === 1 ? 'step' : 'steps'}, {about}
        </p>
      </header>
      <div class="charts">
        {known.map((chart) => (
          <Chart key={chart.name} stage={stage} {...chart} />
        ))}
      </div>
    </section>
  );
}

/** Settings in which the shown runs differ. */
function Differences() {
  const runs = shown.value;
  const names = new Set(runs.flatMap(({ status }) => Object.keys(status.settings)));
  const differing = [...names].filter(
    (name) => new Set(runs.map(({ status }) => status.settings[name])).size > 1,
  );
  if (runs.length < 2) return null;
  return (
    <section class="differences" aria-label="Settings that differ">
      <h2>Settings that differ</h2>
      {differing.length === 0 ? (
        <p class="muted">None: these runs were made with the same settings.</p>
      ) : (
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th scope="col">Setting</th>
                {runs.map((run) => (
                  <th key={run.status.run} scope="col">
                    <i class="dot" style={{ background: runColor(run) }} /> {run.status.name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {differing.map((name) => (
                <tr key={name}>
                  <th scope="row">{name}</th>
                  {runs.map(({ status }) => (
                    <td key={status.run} class="num">
                      {status.settings[name] ?? '–'}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function Waiting() {
  return (
    <p class="waiting muted">
      {connection.value === 'lost' ? 'The server does not answer; trying again …' : 'Reading the runs …'}
    </p>
  );
}

function Connection() {
  const running = all.value.some(({ status }) => status.stages.some(({ state }) => state === 'running'));
  const text = connection.value === 'lost' ? 'not connected' : running ? 'live' : 'up to date';
  return (
    <span class={`connection ${connection.value} ${running ? 'live' : ''}`} role="status">
      <i class="dot" />
      {connection.value === 'connecting' ? 'connecting' : text}
    </span>
  );
}

function describeRuns(): string {
  const runs = all.value;
  if (runs.length === 0) return '';
  if (runs.length > 1) return `${runs.length} runs`;
  const [{ status }] = runs;
  return `${status.folder} · ${status.items.toLocaleString('en')} items`;
}

applyTheme();
connect();
render(<Dashboard />, document.getElementById('app')!);
