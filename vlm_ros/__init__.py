"""Open-vocabulary grounding of natural-language commands in camera images.

Everything outside `vlm_ros.nodes` is a plain Python library that imports no ROS.
"""

from pkgutil import extend_path

# rosidl generates `vlm_ros.msg`, `.srv` and `.action` into the colcon install tree; this lets
# the library be imported from the source tree while the interfaces come from there.
__path__ = extend_path(__path__, __name__)

__version__ = "0.1.0"
