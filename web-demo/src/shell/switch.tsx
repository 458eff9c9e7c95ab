import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

export function Switch({ checked, label, change, disabled = false, children }: {
  checked: boolean; label: string; change: (checked: boolean) => void; disabled?: boolean; children?: ComponentChildren;
}) {
  const id = useId();
  return (
    <div class="switch">
      <label>
        <input type="checkbox" role="switch" checked={checked} disabled={disabled} aria-describedby={id}
          onChange={({ currentTarget }) => {
            const next = currentTarget.checked;
            currentTarget.checked = checked; // it moves when what it stands for does
            change(next);
          }} />
        <span class="switch-track" aria-hidden="true" />
        <span class="switch-label">{label}</span>
      </label>
      <p id={id} class="switch-words">{children}</p>
    </div>
  );
}
