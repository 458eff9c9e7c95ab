import { hrefOf } from '../router';
import { config, phase } from '../site';

export function Foot() {
  const films = config.value?.world === 'films';
  return (
    <footer class="foot">
      <p class="foot-brand">Sotto <em>voce</em></p>
      <p>
        {films ? 'Titles come from the data set that this demonstration was started with. '
          : 'Everything in this magazine is invented by a program, and so is the crowd that reads it. '}
        You are not: what you do here stays on this device, except for the reports that you agree to and can see under <a href={hrefOf({ page: 'privacy' })}>Privacy</a>.
      </p>
      <p class="quiet">{phase.value === 'ready' ? 'A demonstration of the package sotto. Its privacy floors are lower than in production, and its servers run on one machine.' : 'A demonstration of the package sotto.'}</p>
    </footer>
  );
}
